"""Sweeps over settings of runs."""
