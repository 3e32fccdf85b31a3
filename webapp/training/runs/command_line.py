"""The command line of a run, the same that a researcher types."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.text import slugify

from mlcore.faces.config import FACE_LOSSES
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.stored_checkpoints import local_folder
from webapp.datasets.models import DatasetVersion
from webapp.datasets.stored_datasets import train_arguments
from webapp.processes.child import bond
from webapp.training.models import TrainingRun
from webapp.training.models.runs import RunSettings

THREADS = 1  # so that people's questions are answered while a run trains


def train_command(run: TrainingRun, folder: Path) -> list[str]:
    """Give the command that trains in an attempt's folder, and goes on from the states in its `resume`."""
    files = ["--events", str(folder / "events.jsonl"), "--resume", str(folder / "resume")]
    command = _command(run, run.version, run.start_from, folder / "checkpoint")
    return [*command, "--name", checkpoint_name(run), *files, *bond()]


def estimate_command(
    settings_row: RunSettings, version: DatasetVersion, start_from: Checkpoint | None, *, steps: int
) -> list[str]:
    """Give the command that times a few steps, and prints what the run would take."""
    return [*_command(settings_row, version, start_from, Path("estimate")), "--estimate", str(steps)]


def checkpoint_name(run: TrainingRun) -> str:
    """Give the name of the checkpoint that comes of a run, which no other has."""
    return f"{slugify(run.name)[:40] or 'run'}-{str(run.pk)[:8]}"


def _command(run: RunSettings, version: DatasetVersion, start_from: Checkpoint | None, out: Path) -> list[str]:
    machine = ["--device", settings.GLIMPSE_DEVICE, "--threads", str(THREADS)]
    machine += ["--leave-gpu-mb", str(settings.GLIMPSE_TRAINING_LEAVES_GPU_MB)]
    start = ["--start-from", str(local_folder(checkpoint=start_from))] if start_from else []
    what = ["train", "--kind", run.kind, "--transform", run.transform, "--method", run.method, "--processes", "auto"]
    if run.method in FACE_LOSSES:
        what = ["faces", "train", "--loss", run.method]
    data = train_arguments(version=version)
    return [sys.executable, "-m", "mlcore", *what, "--out", str(out), *data, *start, *settings_options(run), *machine]


def settings_options(run: RunSettings) -> list[str]:
    """Give every setting as an option."""
    backbone = run.method_config.get("backbone", {})
    configs: list[tuple[str, Mapping[str, Any]]] = [
        ("", run.episodes),
        ("", run.training),
        ("backbone-", backbone),
        ("", {name: value for name, value in run.method_config.items() if name != "backbone"}),
    ]
    return [part for prefix, config in configs for part in _options(prefix, config)]


def _options(prefix: str, config: Mapping[str, Any]) -> Iterator[str]:
    for name, value in config.items():
        option = f"{prefix}{name}".replace("_", "-")
        if isinstance(value, bool):
            yield f"--{option}" if value else f"--no-{option}"
        elif isinstance(value, int | float | str):
            yield f"--{option}={value}"
