"""A head on the default embedder: its weights stay frozen in their package, a small correction on top is trained."""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mlcore.backbones.layers.adapter import Adapter
from mlcore.backbones.pretrained import PretrainedBackbone
from mlcore.faces.config import FaceNetworkConfig
from mlcore.faces.embedding.embedder import EMBEDDING_SIZE, FaceEmbedder, embed, load_embedder
from mlcore.faces.packages import PACKAGE, RECOGNISER


class DefaultEmbedder(PretrainedBackbone):
    """The default embedder, frozen: aligned faces in, embeddings out."""

    embedding_size = EMBEDDING_SIZE
    map_shape = (EMBEDDING_SIZE, 1, 1)

    def inputs(self, chips: Tensor) -> Tensor:
        """Embed aligned faces as the site does: (n, 3, 150, 150) uint8 -> (n, 128) of length 1."""
        embeddings = embed(_embedder(chips.device), chips.permute(0, 2, 3, 1).cpu().numpy())
        return torch.from_numpy(embeddings).to(chips.device)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Pass on what `inputs` embedded: (n, 128)."""
        return embeddings

    def packages(self) -> dict[str, Any]:
        """Return what a card says of the package that holds the weights."""
        return {PACKAGE: RECOGNISER.card()}

    def serve_from(self, folder: Path) -> None:
        """Stay as it is: there is no ONNX export of it."""


class HeadOnDefault(nn.Module):
    """The default embedding plus a two-layer correction, which starts at zero."""

    def __init__(self, config: FaceNetworkConfig) -> None:
        super().__init__()
        self.embedding_size = config.embedding_size
        self.default = DefaultEmbedder()
        self.correct = Adapter(self.default, output="embedding", hidden=config.width)

    def inputs(self, chips: Tensor) -> Tensor:
        """Embed aligned faces by the default: (n, 3, 150, 150) uint8 -> (n, 128)."""
        return self.default.inputs(chips)

    def training_inputs(self, chips: Tensor) -> Tensor:
        """Return what training draws from, the default embeddings alone: (1, n, 128)."""
        return self.inputs(chips)[None]

    def forward(self, embeddings: Tensor) -> Tensor:
        """Correct what `inputs` gave: (n, 128) -> (n, 128)."""
        corrected: Tensor = self.correct(embeddings)
        return corrected


@cache
def _embedder(device: torch.device) -> FaceEmbedder:
    """Load the network once for a device; nothing changes its weights here."""
    return load_embedder(device).eval().requires_grad_(False)
