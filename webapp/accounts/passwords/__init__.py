"""Passwords: who signs in by one, from which browser, and how a forgotten one is replaced."""
