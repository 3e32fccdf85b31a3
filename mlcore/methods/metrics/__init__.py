"""Metrics that a method may compare embeddings by."""
