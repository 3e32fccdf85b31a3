"""Runs and checkpoints side by side."""
