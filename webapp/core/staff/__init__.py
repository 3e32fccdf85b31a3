"""What the pages and commands of staff share."""
