"""Data sets, meta-training runs, the checkpoints that come of them, and which of these were published when."""

from webapp.training.models.checkpoints import Checkpoint as Checkpoint
from webapp.training.models.checkpoints import CheckpointQuerySet as CheckpointQuerySet
from webapp.training.models.datasets import Contribution as Contribution
from webapp.training.models.datasets import Dataset as Dataset
from webapp.training.models.datasets import DatasetVersion as DatasetVersion
from webapp.training.models.datasets import Source as Source
from webapp.training.models.gates import GateExam as GateExam
from webapp.training.models.gates import StandingExam as StandingExam
from webapp.training.models.imports import CheckpointImport as CheckpointImport
from webapp.training.models.publications import Act as Act
from webapp.training.models.publications import Publication as Publication
from webapp.training.models.runs import RunEstimate as RunEstimate
from webapp.training.models.runs import TrainingRun as TrainingRun
from webapp.training.models.schedules import Occasion as Occasion
from webapp.training.models.schedules import Schedule as Schedule
from webapp.training.models.sweeps import Strategy as Strategy
from webapp.training.models.sweeps import Sweep as Sweep
