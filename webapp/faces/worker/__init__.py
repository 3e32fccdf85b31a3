"""The work on faces."""
