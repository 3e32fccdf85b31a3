"""The pages of staff: checkpoints, data sets, runs, sweeps, schedules."""

from webapp.training.admin.checkpoints import CheckpointAdmin as CheckpointAdmin
from webapp.training.admin.datasets import DatasetAdmin as DatasetAdmin
from webapp.training.admin.datasets import DatasetVersionAdmin as DatasetVersionAdmin
from webapp.training.admin.imports import CheckpointImportAdmin as CheckpointImportAdmin
from webapp.training.admin.publications import PublicationAdmin as PublicationAdmin
from webapp.training.admin.publications import StandingExamAdmin as StandingExamAdmin
from webapp.training.admin.runs import TrainingRunAdmin as TrainingRunAdmin
from webapp.training.admin.schedules import ScheduleAdmin as ScheduleAdmin
from webapp.training.admin.sweeps import SweepAdmin as SweepAdmin
