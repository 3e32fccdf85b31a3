"""What every command that trains does with its folder: nobody else trains into it, and it holds the states."""

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from mlcore.checkpoints.card import CARD_FILE
from mlcore.data.datasets.base import PictureDataset
from mlcore.documents import Document
from mlcore.errors import CheckpointError, ConfigError, TrainingError
from mlcore.run_config import RunConfig
from mlcore.settings import Config
from mlcore.training.loop import Event, TrainingLoop
from mlcore.training.progress import Events
from mlcore.training.run_folder import locked, stop_on_terminate
from mlcore.training.state import TrainingState, newest_readable, save_state

ESTIMATE_SECONDS = 20.0
"""The longest that steps are timed for an estimate."""
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
    """Raise TrainingError with what to try where the device runs out of memory."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainingError(f"the device ran out of memory; try {smaller}") from error


def estimate(prepare: Callable[[], TrainingLoop], n_steps: int) -> dict[str, float]:
    """Time a few steps and a validation of a run, and return what it would take, in seconds; nothing is kept."""
    since = time.monotonic()
    run = prepare()
    prepared, config = time.monotonic() - since, run.config
    step, validated = run.rehearse(n_steps, max_seconds=ESTIMATE_SECONDS)
    trained = config.steps * (step + validated / config.validate_every)
    if config.max_minutes:
        trained = min(trained, 60 * config.max_minutes)
    return {
        "seconds_per_step": step,
        "validation_seconds": validated,
        "preparation_seconds": prepared,
        "seconds": prepared + trained,
    }


def resumed(run: TrainingLoop, path: Path | None, *, identity: Document) -> Path | None:
    """Go on from a state, or the newest of a folder that can be read; return its file, or None where there is none.

    Raise CheckpointError for a state of a run that is made of anything else than this one.
    """
    newest = newest_readable(path) if path is not None else None
    if newest is None:
        return None
    file, state = newest
    state.require_run(identity)
    run.resume(state)
    return file


def identity_of(config: RunConfig, dataset: PictureDataset, validation: PictureDataset) -> dict[str, Any]:
    """Return what a run is made of, its pictures among it, as its states keep it."""
    fingerprints = {"data.fingerprint": dataset.fingerprint, "validation_fingerprint": validation.fingerprint}
    return {**config.identity(), **fingerprints}


def train(run: TrainingLoop, events: Events, *, out: Path, resume: Path | None, identity: Document) -> Event:
    """Train to the end, from a state where there is one, reporting and keeping states; return what was best.

    Raise CheckpointError where there is none because the run is over, or because there never was one there.
    """
    if state := resumed(run, resume, identity=identity):
        events.resumed(state, step=run.step)
    elif resume is not None:
        _require_under_way(resume)

    def keep(state: TrainingState) -> None:
        events.saved(save_state(out / STATES, state.of_run(identity)), step=run.step)

    with stop_on_terminate() as stop:
        return run.run(events.progress, keep, tick=events.step, measuring=events.measuring, stop=stop)


def _require_under_way(states: Path) -> None:
    """Raise CheckpointError if no run can have left states there that are still to come."""
    folder = states.parent
    if (folder / CARD_FILE).is_file():
        raise CheckpointError(
            f"there is no state in {states} to go on from: the run in {folder} is over; train its checkpoint further "
            f"with --start-from {folder} and another --out"
        )
    if not folder.is_dir():
        raise CheckpointError(f"there is no state in {states} to go on from, and no run in {folder}")


def how_trained(run: TrainingLoop, config: Config, best: Event) -> dict[str, Any]:
    """Return what a card records of every training."""
    return {
        "config": config.to_dict(),
        "validation": best if run.validated >= 0 else {},
        "diverged": round(run.diverged / max(run.step, 1), 4),
        "minutes": round(run.seconds / 60, 1),
        "device": run.team.device.type,
        "torch": torch.__version__,
        "machine": platform.machine(),
    }
