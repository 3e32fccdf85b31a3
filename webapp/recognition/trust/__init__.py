"""How far a classifier can be trusted, in words for people."""
