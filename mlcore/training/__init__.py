"""Meta-training: the loop, its state, its processes and how they tell how it goes."""
