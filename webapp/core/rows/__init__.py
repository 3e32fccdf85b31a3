"""Rows: how what they hold is read, and what is said where it is damaged."""
