"""A clock that goes on by the pauses alone."""

from __future__ import annotations


class FakeClock:
    """Stands in for the module `time`: a pause takes no time, and is written down."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        """Return the moment."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.pauses.append(seconds)
        self.now += seconds
