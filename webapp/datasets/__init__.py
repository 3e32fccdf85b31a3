"""Data sets that staff can train on."""
