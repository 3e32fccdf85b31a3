"""From episodes to accuracy with its interval, and calibration."""
