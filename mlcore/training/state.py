"""All that changes during a meta-training run, in one file: tensors and plain numbers, never pickle."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mlcore.errors import CheckpointError

KEPT = 2
_PATTERN = "step-*.safetensors"


@dataclass(frozen=True)
class TrainingState:
    """Tensors by dotted name, whose first part says whose they are, and numbers that JSON can hold."""

    tensors: dict[str, Tensor]
    numbers: dict[str, Any]

    def of_run(self, identity: Mapping[str, Any]) -> "TrainingState":
        """Return the state with what its run is made of: settings by dotted name, and the fingerprints of its data."""
        return replace(self, numbers={**self.numbers, "run": dict(identity)})

    def require_run(self, identity: Mapping[str, Any]) -> None:
        """Raise CheckpointError, naming what differs, unless the state is of a run that is made of the same.

        What one of the two says nothing of is a setting that another version has.
        """
        kept: Mapping[str, Any] | None = self.numbers.get("run")
        if kept is None:
            raise CheckpointError(
                "the training state is an old one, which does not say what settings and data it comes from; start the "
                "run anew"
            )
        names = [name for name in kept if name in identity and kept[name] != identity[name]]
        if names:
            differences = "; ".join(f"{name} was {kept[name]!r} and is {identity[name]!r}" for name in names)
            raise CheckpointError(
                f"the training state is of another run: {differences}; resume with the same settings and data, of "
                "which only steps and minutes may be others, or start the run anew"
            )

    def part(self, owner: str, *, like: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Return one owner's tensors; raise CheckpointError if their names or shapes are not those of `like`."""
        prefix = f"{owner}."
        tensors = {key.removeprefix(prefix): tensor for key, tensor in self.tensors.items() if key.startswith(prefix)}
        if like is not None and _shapes(tensors) != _shapes(like):
            raise CheckpointError("the training state is of another method or backbone; resume with the same settings")
        return tensors


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def save_state(folder: Path, state: TrainingState) -> Path:
    """Write a state beside the earlier ones, whole or not at all, and keep the last two; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{state.numbers['step']:09d}.safetensors"
    unfinished = path.with_suffix(".part")
    save_file(state.tensors, unfinished, metadata={"numbers": json.dumps(state.numbers)})
    _sync(unfinished)
    unfinished.replace(path)
    _sync(folder)
    for old in sorted(folder.glob(_PATTERN))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _sync(path: Path) -> None:
    """Make sure that a file, or a folder's list of files, is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def newest_readable(path: Path) -> tuple[Path, TrainingState] | None:
    """Read a state's file, or the newest of a folder that can be read; None where there is none yet.

    Raise CheckpointError if there are states, and all are damaged.
    """
    files = [path] if path.is_file() else sorted(path.glob(_PATTERN), reverse=True)
    for file in files:
        try:
            return file, load_state(file)
        except CheckpointError:
            if file == files[-1]:
                raise
    return None


def load_state(path: Path) -> TrainingState:
    """Read a state; raise CheckpointError if it is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            numbers = json.loads((file.metadata() or {})["numbers"])
            return TrainingState({name: file.get_tensor(name) for name in file.keys()}, numbers)  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(f"no readable training state at {path}: {error}") from error


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return what an optimiser remembers of each parameter, by `number.name`."""
    entries: dict[int, dict[str, Any]] = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": value
        for number, entry in entries.items()
        for name, value in entry.items()
        if isinstance(value, Tensor)
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser its memory back."""
    entries: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        entries.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})
