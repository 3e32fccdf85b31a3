"""The pages of checkpoints."""

from webapp.checkpoints.admin.checkpoints import CheckpointAdmin as CheckpointAdmin
from webapp.checkpoints.admin.imports import CheckpointImportAdmin as CheckpointImportAdmin
from webapp.checkpoints.admin.publications import BenchmarkAdmin as BenchmarkAdmin
from webapp.checkpoints.admin.publications import PublicationAdmin as PublicationAdmin
