"""Runs that are repeated on a schedule."""
