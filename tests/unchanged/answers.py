"""What the models that ship answer to the drawn pictures, computed from their files on as serving does."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from mlcore.checkpoints.card import pretrained_cards
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.data.episode import LabeledSet
from mlcore.data.images import image_to_tensor
from mlcore.faces.embedding.embedder import embed, load_embedder
from tests.unchanged.pictures import DRAWN, LABELS, QUERIES, SUPPORT, Mixture, face, file
from tests.unchanged.recordings import Rows

DIGITS = 5
N_FACES = 4
N_NUMBERS = 8
"""How many of an embedding's numbers are recorded."""


def answers() -> dict[str, Rows]:
    """Return what each checkpoint that ships answers."""
    return {name: answer(name) for name in pretrained_cards()}


def answer(name: str) -> Rows:
    """Return a checkpoint's probabilities of each query, once it has adapted to the support pictures."""
    transform = pretrained_cards()[name].transform
    method = load_checkpoint(find_checkpoint(name))
    with torch.no_grad():
        classifier = method.adapt(LabeledSet(pictures(transform, tuple(SUPPORT)), torch.tensor(LABELS)))
        return rows(classifier.probabilities(pictures(transform, tuple(QUERIES))))


@cache
def pictures(transform: str, mixtures: tuple[Mixture, ...]) -> Tensor:
    """Return drawn pictures, (n, C, size, size)."""
    files = [file(DRAWN[transform](mixture, len(mixtures) + i)) for i, mixture in enumerate(mixtures)]
    return torch.stack([image_to_tensor(content, transform) for content in files])


def face_embeddings() -> dict[str, Rows]:
    """Return the first numbers of embeddings by the default face embedder, and how alike each two are."""
    embeddings = embed(load_embedder().eval(), np.stack([face(variant) for variant in range(N_FACES)]))
    return {
        "numbers": rows(torch.from_numpy(embeddings[:, :N_NUMBERS])),
        "similarities": rows(torch.from_numpy(embeddings @ embeddings.T)),
    }


def rows(values: Tensor) -> Rows:
    """Return numbers as they are recorded."""
    return [[round(number, DIGITS) for number in row] for row in values.tolist()]
