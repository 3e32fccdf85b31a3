"""What a method compares by where that depends on the whole support set: a metric, or the embeddings themselves."""
