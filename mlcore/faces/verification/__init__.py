"""Same person or not: scores, pairs, error rates."""
