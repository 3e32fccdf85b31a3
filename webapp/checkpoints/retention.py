"""Which stored files checkpoints and their imports still need."""

from __future__ import annotations

from pathlib import PurePosixPath

from mlcore.checkpoints.card import WEIGHTS_FILE
from webapp.checkpoints.models import Checkpoint, CheckpointImport


def named_checkpoints(names: list[str]) -> set[str]:
    """Return those of some names that are a checkpoint's: its folder, weights that a row names, what lies beside."""
    weights = {name: str(PurePosixPath(*PurePosixPath(name).parts[:2], WEIGHTS_FILE)) for name in names}
    needed = set(Checkpoint.objects.filter(weights__in=weights.values()).values_list("weights", flat=True))
    return {name for name in names if weights[name] in needed}


def named_imports(names: list[str]) -> set[str]:
    """Return those of some names that are zips still to be taken in."""
    return set(CheckpointImport.objects.active().filter(upload__in=names).values_list("upload", flat=True))
