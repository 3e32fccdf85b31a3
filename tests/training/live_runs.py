"""Runs that real workers do: wait for what becomes of them, and find their processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.running import wait_until
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun

LONG = 120.0
"""How long a busy machine may take to load torch and train a few steps."""


def follow(run: TrainingRun, what: Callable[[TrainingRun], object], seconds: float = LONG) -> None:
    """Wait until something is true of the run."""

    def asked() -> bool:
        run.refresh_from_db()
        return bool(what(run))

    try:
        wait_until(asked, seconds, what="what was waited for")
    except AssertionError as error:
        raise AssertionError(f"{error}: {run.status} {run.status_sentence} {run.latest}") from error


def is_ready(run: TrainingRun) -> bool:
    assert run.status != JobStatus.FAILED, run.error
    return run.status == JobStatus.READY


def training_processes(run: TrainingRun) -> list[int]:
    """Find the processes that train this run."""
    numbers = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"mlcore" in words and any(str(run.pk).encode() in word for word in words):
            numbers.append(int(path.parent.name))
    return numbers
