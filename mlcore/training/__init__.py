"""Meta-training: the loop, its state, its processes and its progress."""
