"""Backbones whose weights came from elsewhere and stay in their package; a checkpoint's card names that package."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from torch import nn

from mlcore.errors import CheckpointError


class PretrainedBackbone(nn.Module, ABC):
    """A network that is never trained here and has no parameters of its own, so that a checkpoint holds none of it."""

    @abstractmethod
    def packages(self) -> dict[str, Any]:
        """Name the packages that hold the network and its weights, for a card: name -> version (and sha256)."""

    @abstractmethod
    def serve_from(self, folder: Path) -> None:
        """Run on a CPU from the ONNX export in this folder from now on; export first if need be."""

    def check(self, packages: dict[str, Any]) -> None:
        """Raise CheckpointError if a card was written for other weights than the installed ones."""
        for name, installed in self.packages().items():
            expected = packages.get(name, {}).get("sha256")
            if expected and expected != installed.get("sha256"):
                raise CheckpointError(f"the checkpoint was made with other weights than those in the installed {name}")
