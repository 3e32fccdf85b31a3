"""Two ready-made support sets with queries, whose pictures are drawn by program."""
