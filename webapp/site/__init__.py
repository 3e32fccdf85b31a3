"""The pages about the site itself, and its examples."""
