"""What speaks against keeping a photo of somebody, found before it is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlcore.faces.card import face_card
from mlcore.faces.embedding.embedder import Embeddings
from mlcore.faces.verification import scores


@dataclass(frozen=True)
class NewPhoto:
    """A photo that shows somebody alone: the embedding (128,) and the crop of their face, and a digest of its file."""

    embedding: Embeddings
    crop: bytes
    digest: str


def doubts(
    photos: Sequence[NewPhoto],
    *,
    person: str,
    gallery: Embeddings,
    people: Sequence[str],
    crops: Collection[bytes],
) -> list[list[dict[str, Any]]]:
    """Return for each photo of a person what speaks against keeping it, as an answer has it; nothing if nothing does.

    gallery, people: the embeddings (n, 128) of the faces that are kept, of this person and others, and whose each is.
    crops: those that are kept of this person. A copy is compared no further. Where nothing is kept of the person yet,
    their photos are compared with each other.
    """
    digests = [photo.digest for photo in photos]
    copies = [photo.crop in crops or photo.digest in digests[:place] for place, photo in enumerate(photos)]
    is_theirs = np.array([whose == person for whose in people], bool)
    others = [whose for whose in people if whose != person]
    threshold = face_card().threshold_among(len({*people, person}))
    doubtful: list[list[dict[str, Any]]] = []
    for place, photo in enumerate(photos):
        if copies[place]:
            doubtful.append([{"kind": "copy"}])
            continue
        fellows = [other.embedding for n, other in enumerate(photos) if n != place and not copies[n]]
        theirs = (
            gallery[is_theirs] if is_theirs.any() else np.array(fellows, np.float32).reshape(-1, len(photo.embedding))
        )
        look_alike = scores.identify(photo.embedding, gallery[~is_theirs], others, threshold=threshold, limit=1)
        doubtful.append([*_unlike(photo.embedding, theirs), *_alike(look_alike)])
    return doubtful


def _unlike(embedding: Embeddings, theirs: Embeddings) -> list[dict[str, Any]]:
    """Return a doubt if a face passes as the same person as none of theirs (n, 128), where there are any."""
    best = max(scores.scores(embedding, theirs).tolist(), default=None)
    if best is None or scores.same(best, face_card().default_threshold):
        return []
    return [{"kind": "unlike", "score": round(best, 4)}]


def _alike(look_alike: scores.Identification) -> list[dict[str, Any]]:
    """Return a doubt if a face would be named as somebody else of the gallery."""
    if look_alike.person is None:
        return []
    return [{"kind": "alike", "person": str(look_alike.person), "score": round(look_alike.ranked[0].score, 4)}]
