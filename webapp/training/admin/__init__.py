"""The pages of staff: checkpoints, data sets, runs."""

from webapp.training.admin.checkpoints import CheckpointAdmin as CheckpointAdmin
