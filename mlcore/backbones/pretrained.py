"""Backbones whose weights came from elsewhere and stay in their package; a checkpoint's card names that package."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
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


def pretrained_in(module: nn.Module) -> Iterator[PretrainedBackbone]:
    """Find the pretrained backbones of a method."""
    return (part for part in module.modules() if isinstance(part, PretrainedBackbone))


def serve_from(module: nn.Module, folder: Path) -> None:
    """Let the pretrained backbones of a method run on a CPU from the ONNX exports in this folder."""
    for backbone in pretrained_in(module):
        backbone.serve_from(folder)


def packages_of(module: nn.Module) -> dict[str, Any]:
    """Name the packages of a method's pretrained backbones, for its card."""
    return {name: entry for backbone in pretrained_in(module) for name, entry in backbone.packages().items()}
