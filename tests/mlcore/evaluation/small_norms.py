"""What is usual among embeddings that tests make: classes two apart, pictures scattered by one in eight directions."""

from __future__ import annotations

import torch
from torch import Tensor

from mlcore.data.episode import LabeledSet
from mlcore.evaluation.norms import Norms

DIRECTIONS = 8
NORMS = Norms(
    checkpoint="made-up",
    backbone={},
    digest="",
    scatter=0.2,
    directions=float(DIRECTIONS),
    scale=10.0,
    doubt=(0.0, 0.5, 0.0),
    twin=0.9999,
    alike=0.2,
    blurred=0.5,
    measured_on="nothing",
    command="none",
)


def made_up(*shots: int, scatter: float = 0.2, seed: int = 0, apart: float = 1.0) -> LabeledSet:
    """Return embeddings around the corners of a simplex, class by class: (n, 8 + n_way)."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.repeat_interleave(torch.arange(len(shots)), torch.tensor(shots))
    corners = torch.eye(len(shots), DIRECTIONS + len(shots)) * apart
    noise: Tensor = torch.randn(len(labels), corners.shape[1], generator=generator)
    return LabeledSet(corners[labels] + noise * (scatter / corners.shape[1]) ** 0.5, labels)
