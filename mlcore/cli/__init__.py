"""The command line: configs in, one command out."""
