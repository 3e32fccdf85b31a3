"""What somebody has here: a copy of all of it, and the deletion of all of it."""
