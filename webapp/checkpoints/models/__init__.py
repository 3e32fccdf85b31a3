"""Checkpoints, what they are measured by, which of them was published when, and those that are taken in."""

from webapp.checkpoints.models.checkpoints import Checkpoint as Checkpoint
from webapp.checkpoints.models.checkpoints import CheckpointQuerySet as CheckpointQuerySet
from webapp.checkpoints.models.evaluations import Benchmark as Benchmark
from webapp.checkpoints.models.evaluations import Evaluation as Evaluation
from webapp.checkpoints.models.imports import CheckpointImport as CheckpointImport
from webapp.checkpoints.models.publications import Act as Act
from webapp.checkpoints.models.publications import Publication as Publication
