"""Zips, as the site and the library read them. The standard library alone, and chardet for names of older systems."""
