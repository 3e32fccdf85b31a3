"""Checkpoints: weights with a card, as a folder and as a zip, and what they descend from."""
