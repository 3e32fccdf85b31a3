"""Draw the example pictures and portraits that ship."""
