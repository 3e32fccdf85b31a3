"""Files: on the local disk or in a bucket, copies of them here, and those that no row names."""
