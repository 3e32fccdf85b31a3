"""The chain from a picture file to embeddings, loaded once: read, detect, align, embed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mlcore.data.images import decode
from mlcore.faces.alignment import CHIP_SIZE, Pixels
from mlcore.faces.detection.detector import Face, FaceDetector
from mlcore.faces.embedding.embedder import Embeddings, embed, load_embedder

LOAD_SIDE = 1600  # longest side of what is decoded, px: a photo of 25 MP is read small


@dataclass(frozen=True)
class FaceChain:
    """A detector and an embedder that belong together."""

    detector: FaceDetector
    embedder: nn.Module

    @staticmethod
    def read(data: bytes) -> Pixels:
        """Decode a picture file upright, at most 1600 px a side: bytes -> (H, W, 3) uint8; raise ImageError."""
        return np.ascontiguousarray(decode(data, mode="RGB", load_side=LOAD_SIDE).permute(1, 2, 0).numpy())

    def detect(self, picture: Pixels) -> list[Face]:
        """Find and align faces, the largest first: (H, W, 3) uint8 -> faces."""
        return self.detector.detect(picture)

    @staticmethod
    def chips(faces: Sequence[Face]) -> Pixels:
        """Stack aligned faces: n faces -> (n, 150, 150, 3) uint8."""
        return np.stack([face.chip for face in faces]) if faces else np.zeros((0, CHIP_SIZE, CHIP_SIZE, 3), np.uint8)

    def embed(self, chips: Pixels) -> Embeddings:
        """Embed aligned faces: (n, 150, 150, 3) uint8 -> (n, 128) float32 of length 1."""
        return embed(self.embedder, chips)


def load_chain(device: torch.device | str = "cpu") -> FaceChain:
    """Load the default detector and embedder, for serving alone."""
    return FaceChain(FaceDetector(device), load_embedder(device).eval().requires_grad_(False))
