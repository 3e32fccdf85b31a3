"""The inner loop that methods share: its steps, its rates, the head that it begins with."""
