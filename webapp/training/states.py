"""Where runs work on this machine, and the states that they go on from."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from webapp.training.models import TrainingRun


def run_folders() -> Path:
    """Return the folder in which runs work on this machine, each in one of its own."""
    return Path(settings.DATA_DIR) / "runs"


def fetch_states(run: TrainingRun, folder: Path) -> None:
    """Fetch the stored states into a folder, from which the next process takes the newest that it can read."""
    folder.mkdir(parents=True)
    for position, stored in enumerate((run.earlier_state_file, run.state_file)):
        if stored.name and default_storage.exists(stored.name):
            with stored.open("rb") as source, (folder / f"step-{position}.safetensors").open("wb") as copy:
                shutil.copyfileobj(source, copy)


def forget_states(*, run: TrainingRun) -> None:
    """Delete the stored states of a run that is over, whose row does not name them any more."""
    for stored in (run.earlier_state_file, run.state_file):
        if stored.name:
            default_storage.delete(stored.name)
