"""The methods that people may choose from, in words."""
