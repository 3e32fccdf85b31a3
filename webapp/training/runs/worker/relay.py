"""From the events that a training process writes to the row that people look at."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from webapp.jobs.claims import Claim
from webapp.jobs.errors import LeaseLost
from webapp.storage.disk import full_disk_in_words
from webapp.training.models import TrainingRun
from webapp.training.runs.worker.points import Point, thinned

WRITE_SECONDS = 1.0


class Relay:
    """Reads one attempt's events as they come, and writes them to its row, a bounded number of points of them."""

    def __init__(self, claim: Claim[TrainingRun], events: Path) -> None:
        self._claim, self._run, self._events = claim, claim.job, events
        self._offset = 0
        self._written = -math.inf
        self._changed = False
        self._points: list[Point] = [point for point in self._run.points if point["step"] <= self._run.state_step]
        self._latest: dict[str, Any] = dict(self._run.latest)

    def take(self, *, states_only: bool = False) -> None:
        """Relay what is new: states are stored at once, numbers are written every second or so."""
        for event in self._new():
            match event["event"]:
                case "saved":
                    self._store(Path(event["file"]), step=int(event["step"]))
                case "step" | "progress":
                    self._note(event)
        if self._changed and not states_only and time.monotonic() - self._written >= WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write the numbers to the row."""
        self._points = thinned(self._points)
        self._claim.progress(self._latest.get("progress", 0.0), _("Training."))
        self._claim.note(points=self._points, latest=self._latest)
        self._written, self._changed = time.monotonic(), False

    def _new(self) -> Iterator[dict[str, Any]]:
        """Yield the events of whole lines that came since."""
        if not self._events.exists():
            return
        with self._events.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                yield json.loads(line)

    def _note(self, event: dict[str, Any]) -> None:
        numbers = {
            name: value for name, value in event.items() if isinstance(value, int | float) and math.isfinite(value)
        }
        point: Point = {"step": int(event["step"])}
        if "train_loss" in numbers:
            point["loss"] = numbers["train_loss"]
        if "accuracy" in numbers:
            point |= {"accuracy": numbers["accuracy"], "ci95": numbers.get("ci95", 0.0)}
        self._points.append(point)
        self._latest |= numbers
        self._changed = True

    def _store(self, file: Path, *, step: int) -> None:
        """Store a state, then let the row name it, then forget the one before the one before it."""
        run, stem = self._run, f"{self._run.pk}-{self._run.attempt}"
        try:
            with file.open("rb") as data, full_disk_in_words():
                name = default_storage.save(f"runs/{stem}-{step:09d}.safetensors", File(data))
        except FileNotFoundError:
            return  # a newer one has replaced it already
        oldest, earlier = run.earlier_state_file.name, run.state_file.name or ""
        try:
            self._claim.keep(state_file=name, state_step=step, earlier_state_file=earlier)
        except LeaseLost:
            default_storage.delete(name)
            raise
        run.state_file.name, run.state_step, run.earlier_state_file.name = name, step, earlier
        if oldest:
            default_storage.delete(oldest)
