"""Pictures of many classes as a pretrained backbone embeds them, which tell strangers from what a person shows.

A bank ships beside the checkpoints, one for a backbone: `NAME.safetensors` with `inputs`, (m, d) float16, `labels`,
(m,) int64, class by class, and the names of the classes as metadata. Licence and credit are the photos':
docs/licences.md.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mlcore.checkpoints.card import PRETRAINED
from mlcore.data.episode import LabeledSet
from mlcore.errors import CheckpointError
from mlcore.method_config.base import MethodConfig
from mlcore.methods.base import FewShotMethod

BANKS = PRETRAINED / "banks"


@dataclass(frozen=True)
class Bank:
    """Inputs (m, d) that a pretrained backbone gave, their labels (m,) int64, and a name for each label."""

    name: str
    inputs: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    digest: str = ""

    def without(self, class_names: set[str]) -> Self | None:
        """Leave classes out; None if none is left."""
        kept = [label for label, name in enumerate(self.class_names) if name not in class_names]
        if not kept:
            return None
        rows = torch.isin(self.labels, torch.tensor(kept))
        _, labels = self.labels[rows].unique(return_inverse=True)
        return type(self)(self.name, self.inputs[rows], labels, tuple(self.class_names[label] for label in kept))

    @torch.no_grad()
    def features(self, method: FewShotMethod) -> LabeledSet:
        """Compute a method's features of all its pictures."""
        device = next(method.parameters()).device
        return LabeledSet(method.features_of(self.inputs.to(device)), self.labels.to(device))

    def save(self, folder: Path) -> Self:
        """Write the file, and return the bank as it stands there."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.safetensors"
        tensors = {"inputs": self.inputs.half().contiguous(), "labels": self.labels.contiguous()}
        save_file(tensors, path, {"class_names": json.dumps(self.class_names)})
        return self.read(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file; raise CheckpointError if it is missing or damaged."""
        try:
            with safe_open(path, framework="pt") as file:
                names = json.loads(file.metadata()["class_names"])
                inputs, labels = file.get_tensor("inputs").float(), file.get_tensor("labels")
            return cls(path.stem, inputs, labels, tuple(names), hashlib.sha256(path.read_bytes()).hexdigest())
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise CheckpointError(f"no readable bank at {path}: {error}; install mlcore anew") from error


def bank_for(config: MethodConfig) -> Bank | None:
    """Return the bank that ships for a method's backbone; None where there is none, or the method compares maps."""
    if not config.is_pretrained or config.output != "embedding":
        return None
    return read_bank(config.backbone.name) if (BANKS / f"{config.backbone.name}.safetensors").is_file() else None


@cache
def read_bank(name: str) -> Bank:
    """Read the bank of that name that ships; raise CheckpointError if it is missing or damaged."""
    return Bank.read(BANKS / f"{name}.safetensors")
