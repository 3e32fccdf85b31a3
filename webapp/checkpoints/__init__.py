"""Checkpoints: taken in, measured, published, rolled back, given out."""
