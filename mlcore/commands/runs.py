"""What every command that trains does with its folder: nobody else trains into it, and it holds the states."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from mlcore.errors import ConfigError, TrainingError
from mlcore.progress import Events
from mlcore.run_folder import locked, stop_on_terminate
from mlcore.training_loop import Event, TrainingLoop
from mlcore.training_state import TrainingState, newest_readable, save_state

STATES = "states"
"""Folder within a run's own that holds what it can be resumed from; gone once the run is over."""


@contextmanager
def run_folder(out: Path) -> Iterator[None]:
    """Make the folder, hold it while a run trains into it, and delete its states when all went well.

    Raise ConfigError if it cannot be a folder, TrainingError if another process holds it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"out is {out}, which cannot be a folder: {error.strerror}") from error
    with locked(out):
        yield
        shutil.rmtree(out / STATES, ignore_errors=True)


@contextmanager
def memory_in_words(smaller: str) -> Iterator[None]:
    """Say what to try where the device runs out of memory."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainingError(f"the device ran out of memory; try {smaller}") from error


def resumed(run: TrainingLoop, path: Path | None) -> Path | None:
    """Go on from a state, or the newest of a folder that can be read; give its file, or None where there is none."""
    found = newest_readable(path) if path is not None else None
    if found is None:
        return None
    run.resume(found[1])
    return found[0]


def train(run: TrainingLoop, events: Events, *, out: Path, resume: Path | None) -> Event:
    """Train to the end, from a state where there is one, telling how it goes and keeping others; give what was best."""
    if state := resumed(run, resume):
        events.resumed(state, step=run.step)

    def keep(state: TrainingState) -> None:
        events.saved(save_state(out / STATES, state), step=run.step)

    with stop_on_terminate() as stop:
        return run.run(events.progress, keep, tick=events.step, stop=stop)
