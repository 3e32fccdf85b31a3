"""Show how a run goes: a bar on a terminal, plain lines in a log, JSON lines for a program that watches."""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any, TextIO

BAR = 24
SHOWN_APART = ("step", "progress", "seconds")
TICK_SECONDS = 2.0
"""How often a watching program hears of steps between two validations."""


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
        shown = {name: value for name, value in event.items() if name not in SHOWN_APART}
        shown = {name: value for name, value in shown.items() if value or not name.endswith("diverged")}
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in shown.items())
        line = f"step {event['step']:.0f}  {done:4.0%}  {numbers}  {_clock(elapsed)} gone, {left} left"
        if self._stream.isatty():
            filled = round(BAR * done)
            self._stream.write(f"\r\033[K[{'#' * filled}{'.' * (BAR - filled)}] {line}" + ("\n" if done >= 1 else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def measuring(self, event: dict[str, float]) -> None:
        """Say that a validation has begun, which can take minutes."""
        line = f"step {event['step']:.0f}  {event['progress']:4.0%}  measuring on the validation classes …"
        self._stream.write(f"\r\033[K{line}" if self._stream.isatty() else f"{line}\n")
        self._stream.flush()

    def seconds_left(self, done: float) -> float:
        """Extrapolate, as the line shows it."""
        return self._left(time.monotonic() - self._start, done)

    def _left(self, elapsed: float, done: float) -> float:
        """Extrapolate from the pace since the first event; what came before it was preparation."""
        if self._first is None:
            self._first = (elapsed, done)
        since, already = self._first
        return (elapsed - since) * (1 - done) / (done - already) if done > already else elapsed * (1 - done) / done


class Events:
    """Report what happens in a run: to a person by `show`, and to a program as JSON lines in a file, if there is one.

    Every line has `event` (`step`, `progress`, `saved`, `resumed` or `done`) and `time` (Unix seconds). Steps and
    progress have also `seconds_left`, `memory_mb`, the most memory that the process has held, and
    `episodes_per_second`. Progress has the numbers of a validation too. `train_loss` is the mean since the line
    before, and that line's where no step came between.
    `train_diverged` and `diverged` are the shares of episodes of training and of validation that did not settle.
    """

    def __init__(self, path: Path | None, show: Progress, *, episodes_per_step: int = 1) -> None:
        self._path = path
        self._show = show
        self._episodes_per_step = episodes_per_step
        self._since = time.monotonic()
        self._losses: list[float] = []
        self._steps = 0
        self._loss: dict[str, float] = {}
        self._pace = 0.0

    def step(self, event: dict[str, float]) -> None:
        """Report a step, every few seconds."""
        self._steps += 1
        if "train_loss" in event:
            self._losses.append(event["train_loss"])
        passed = time.monotonic() - self._since
        self._pace = self._steps * self._episodes_per_step / max(passed, 1e-6)
        if passed >= TICK_SECONDS:
            self._take_loss()
            self._tell("step", {**event, **self._loss})
            self._begin_again()

    def measuring(self, event: dict[str, float]) -> None:
        """Report that a validation has begun."""
        self._show.measuring(event)

    def progress(self, event: dict[str, float]) -> None:
        """Report a validation, which is no part of the pace."""
        self._show(event)
        self._take_loss()
        self._tell("progress", {**event, **self._loss})
        self._begin_again()

    def _take_loss(self) -> None:
        """Average the steps since the last line; where there were none, its average stands."""
        if self._losses:
            self._loss = {"train_loss": sum(self._losses) / len(self._losses)}

    def _begin_again(self) -> None:
        self._since, self._steps = time.monotonic(), 0
        self._losses.clear()

    def _tell(self, name: str, event: dict[str, float]) -> None:
        left = self._show.seconds_left(event["progress"])
        self._write(name, **event, episodes_per_second=self._pace, seconds_left=left, memory_mb=_memory())

    def saved(self, state: Path, *, step: int) -> None:
        """Report where a state lies that the run can be resumed from."""
        self._write("saved", file=str(state), step=step)

    def resumed(self, state: Path, *, step: int) -> None:
        """Report that the run goes on from a state."""
        self._write("resumed", file=str(state), step=step)

    def done(self, checkpoint: Path) -> None:
        """Report where the checkpoint lies."""
        self._write("done", checkpoint=str(checkpoint))

    def _write(self, event: str, **values: Any) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": event, "time": time.time(), **values}) + "\n")


def _memory() -> float:
    """Return the most memory held so far, in MB; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / 1e6 if sys.platform == "darwin" else peak / 1e3)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
