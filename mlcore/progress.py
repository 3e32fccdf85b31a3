"""Show how a run goes: a bar on a terminal, plain lines in a log."""

import time
from typing import TextIO

BAR = 24


class Progress:
    """Take the events of a training run and print them, with the time left."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._start = time.monotonic()
        self._first: tuple[float, float] | None = None

    def __call__(self, event: dict[str, float]) -> None:
        """Print one event."""
        done = event["progress"]
        elapsed = time.monotonic() - self._start
        left = _clock(self._left(elapsed, done))
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in event.items() if name not in ("step", "progress"))
        line = f"step {event['step']:.0f}  {done:4.0%}  {numbers}  {_clock(elapsed)} gone, {left} left"
        if self._stream.isatty():
            filled = round(BAR * done)
            self._stream.write(f"\r\033[K[{'#' * filled}{'.' * (BAR - filled)}] {line}" + ("\n" if done >= 1 else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def _left(self, elapsed: float, done: float) -> float:
        """Extrapolate from the pace since the first event; what came before it was preparation."""
        if self._first is None:
            self._first = (elapsed, done)
        since, already = self._first
        return (elapsed - since) * (1 - done) / (done - already) if done > already else elapsed * (1 - done) / done


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
