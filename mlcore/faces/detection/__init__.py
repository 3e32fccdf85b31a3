"""Find faces, align them, and judge how usable they are."""
