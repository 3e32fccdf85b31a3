"""What `make run` starts: everything Glimpse needs, on one machine, in one terminal."""
