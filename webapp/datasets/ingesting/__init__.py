"""How a version of a data set comes to be."""
