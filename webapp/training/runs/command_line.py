"""The command line of a run, the same that a researcher types: `mlcore train --config run.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.text import slugify

from mlcore.documents import with_values
from mlcore.faces.config import FACES
from webapp.checkpoints.stored_checkpoints import local_folder
from webapp.core.rows.stored_json import require_sound
from webapp.datasets.stored_datasets import data_of, local_root
from webapp.processes.child import bond
from webapp.training.models import RunEstimate, TrainingRun

CONFIG_FILE = "run.json"
MADE = "checkpoint"
"""The folder, in that of an attempt, of the checkpoint that it leaves."""
THREADS = 1  # so that people's questions are answered while a run trains


def run_document(run: TrainingRun | RunEstimate) -> dict[str, Any]:
    """Return the config of a run with all that its row knows, for whatever machine it trains on."""
    require_sound(run, run.start_from)
    version, start = run.version, run.start_from
    data = {"data": data_of(version=version, split=version.train_split), "validation_split": version.validation_split}
    named = {"name": checkpoint_name(run)} if isinstance(run, TrainingRun) else {}
    return {**named, **run.config, **data, **({"start_from": start.name} if start else {})}


def repeating_command(run: TrainingRun) -> str:
    """Return what repeats a run elsewhere, beside the file of its config and where its data set lies."""
    return " ".join(
        ["python", "-m", "mlcore", *_what(run), "--config", CONFIG_FILE, "--data-root DATA", "--out FOLDER"]
    )


def train_command(run: TrainingRun, folder: Path) -> list[str]:
    """Return the command that trains in an attempt's folder, and goes on from the states in its `resume`."""
    files = ["--events", str(folder / "events.jsonl"), "--resume", str(folder / "resume")]
    return [*_command(run, folder), *files, *bond()]


def estimate_command(row: RunEstimate, folder: Path, *, steps: int) -> list[str]:
    """Return the command that times a few steps, and prints what the run would take."""
    return [*_command(row, folder), "--estimate", str(steps)]


def checkpoint_name(run: TrainingRun) -> str:
    """Return the name of the checkpoint that comes of a run, which no other has."""
    return f"{slugify(run.name)[:40] or 'run'}-{str(run.pk)[:8]}"


def _command(run: TrainingRun | RunEstimate, folder: Path) -> list[str]:
    machine = ["--device", settings.GLIMPSE_DEVICE, "--threads", str(THREADS)]
    machine += ["--leave-gpu-mb", str(settings.GLIMPSE_TRAINING_LEAVES_GPU_MB)]
    config = folder / CONFIG_FILE
    config.write_text(json.dumps(_document_here(run), indent=2), encoding="utf-8")
    out = folder / MADE
    return [sys.executable, "-m", "mlcore", *_what(run), "--config", str(config), "--out", str(out), *machine]


def _what(run: TrainingRun | RunEstimate) -> list[str]:
    return ["faces", "train"] if run.kind == FACES else ["train", "--processes", "auto"]


def _document_here(run: TrainingRun | RunEstimate) -> dict[str, Any]:
    """Return the config with where things lie on this machine; raise UserError if the data set is not ready."""
    places = {"data.root": str(local_root(version=run.version))}
    if run.start_from:
        places["start_from"] = str(local_folder(checkpoint=run.start_from))
    return with_values(run_document(run), places)
