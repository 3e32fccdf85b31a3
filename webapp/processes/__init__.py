"""mlcore as a process of its own: held, watched, and asked."""
