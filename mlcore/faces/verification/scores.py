"""Compare embeddings: are two of one person, and whose is a third?"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from mlcore.errors import SupportSetError
from mlcore.faces.embedding.embedder import Embeddings


def score(first: Embeddings, second: Embeddings) -> float:
    """Return how alike two faces are: 1 minus the distance of their embeddings of length 1.

    1 is identical, -1 opposite. (128,), (128,) -> a number. An embedding of length 0 counts as like nothing: -1.
    """
    return float(scores(first, np.asarray(second)[None])[0])


def scores(query: Embeddings, others: Embeddings) -> Embeddings:
    """Score one face with each of others: (128,), (n, 128) -> (n,)."""
    query, others = np.asarray(query, np.float32), np.asarray(others, np.float32)
    scale, scales = _to_unit(query[None])[0], _to_unit(others)
    with np.errstate(invalid="ignore"):  # of what is infinite, for which nothing below counts
        offset = others * scales[:, None]
        offset -= query * scale
    alike: Embeddings = 1 - np.sqrt(np.einsum("nd,nd->n", offset, offset))
    alike[(scales == 0) | (scale == 0)] = -1
    return alike


def _to_unit(embeddings: Embeddings) -> Embeddings:
    """Return what scales each row to length 1: (n, 128) -> (n,), 0 for what has no length, or an infinite one."""
    lengths = np.sqrt(np.einsum("nd,nd->n", embeddings, embeddings))
    sound = np.isfinite(lengths) & (lengths > 0)
    scales: Embeddings = np.divide(1, lengths, out=np.zeros_like(lengths), where=sound)
    return scales


def same(score: float, threshold: float) -> bool:
    """Return whether two faces with this score count as one person's."""
    return score >= threshold


@dataclass(frozen=True)
class Candidate:
    """A person of a gallery, and the score of the most alike of their photos."""

    person: Hashable
    score: float


@dataclass(frozen=True)
class Identification:
    """People, most alike first, and the threshold that the first must reach to be named."""

    ranked: tuple[Candidate, ...]
    threshold: float

    @property
    def person(self) -> Hashable | None:
        """Return who it is, or None for nobody of the gallery."""
        known = bool(self.ranked) and same(self.ranked[0].score, self.threshold)
        return self.ranked[0].person if known else None


def identify(
    query: Embeddings, gallery: Embeddings, people: Sequence[Hashable], *, threshold: float, limit: int = 5
) -> Identification:
    """Rank the people of a gallery by likeness to a face: (128,), (n, 128), the n photos' people -> most alike first.

    A gallery of n people is n chances to be mistaken for someone: choose the threshold by `FaceCard.threshold_among`.
    Raise SupportSetError if there is not one person for each photo.
    """
    if len(gallery) != len(people):
        raise SupportSetError(f"the gallery has {len(gallery)} photos and {len(people)} names")
    ranked: dict[Hashable, float] = {}
    if len(gallery):
        alike = scores(query, gallery)
        for row in np.argsort(-alike, kind="stable"):
            ranked.setdefault(people[row], float(alike[row]))
            if len(ranked) == limit:
                break
    return Identification(tuple(Candidate(person, value) for person, value in ranked.items()), threshold)
