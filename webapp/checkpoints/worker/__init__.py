"""The work on checkpoints, each done by a worker."""
