"""Training: the loop, its state, its processes and its progress; and meta-training in episodes."""
