"""What stands between strangers and Django: whole requests come in, fairly, and slow ones hold no thread."""
