"""The work on a run."""
