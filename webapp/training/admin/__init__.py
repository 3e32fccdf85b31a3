"""The pages of staff: checkpoints, data sets, runs."""

from webapp.training.admin.checkpoints import CheckpointAdmin as CheckpointAdmin
from webapp.training.admin.publications import PublicationAdmin as PublicationAdmin
from webapp.training.admin.publications import StandingExamAdmin as StandingExamAdmin
