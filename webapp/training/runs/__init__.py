"""Meta-training runs."""
