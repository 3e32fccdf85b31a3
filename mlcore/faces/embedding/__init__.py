"""Networks that embed an aligned face."""
