"""Train a face embedding on a data set of people."""
