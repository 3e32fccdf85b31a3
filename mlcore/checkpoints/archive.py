"""Carry a checkpoint as one zip of `weights.safetensors` and `card.json`; what comes in is tried before it is kept."""

import tempfile
import zipfile
from pathlib import Path

from mlcore.checkpoints.card import CARD_FILE, MOST_CARD_BYTES, WEIGHTS_FILE, ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.errors import CheckpointError

MAX_BYTES = {WEIGHTS_FILE: 512 * 2**20, CARD_FILE: MOST_CARD_BYTES}
"""What each file may unpack to."""


def export_checkpoint(folder: Path, path: Path) -> None:
    """Write a checkpoint as a zip, whole or not at all; raise CheckpointError if it cannot be loaded."""
    load_checkpoint(folder)
    unfinished = path.with_name(f"{path.name}.part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in MAX_BYTES:
            archive.write(folder / name, name)
    unfinished.replace(path)


def import_checkpoint(path: Path, folder: Path) -> ModelCard:
    """Unpack a zip into a new folder, once its weights have proved to be tensors that fit the card; return the card.

    Raise CheckpointError, and leave nothing behind, if the zip is none, holds something else, or the folder exists.
    """
    if folder.exists():
        raise CheckpointError(f"{folder} exists already; choose another folder, or delete it first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".import-") as unfinished:
        unpacked = Path(unfinished) / folder.name
        unpacked.mkdir()
        _unpack(path, unpacked)
        load_checkpoint(unpacked)
        unpacked.replace(folder)
    return ModelCard.read(folder)


def _unpack(path: Path, folder: Path) -> None:
    """Copy the two files out, by name and within their limits."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, archive)
            for name, limit in MAX_BYTES.items():
                _copy(archive, name, folder / name, limit)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise CheckpointError(f"{path.name} cannot be read as a zip: {error}") from error


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    names = sorted(archive.namelist())
    if names != sorted(MAX_BYTES):
        contents = ", ".join(names[:5]) or "nothing"
        raise CheckpointError(f"{path.name} must hold {CARD_FILE} and {WEIGHTS_FILE} alone; it holds {contents}")


def _copy(archive: zipfile.ZipFile, name: str, target: Path, limit: int) -> None:
    """Copy one file, counting real bytes, whatever the zip says of its size."""
    left = limit
    with archive.open(name) as source, target.open("wb") as file:
        while data := source.read(2**20):
            left -= len(data)
            if left < 0:
                raise CheckpointError(f"{name} is larger than {limit} bytes, the most that a checkpoint may have")
            file.write(data)
