"""Which split a class is in: to train on, to validate on, or to test on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

SPLITS = ("train", "val", "test")
ENDS = (0.6, 0.8, 1.0)
"""Where each split ends on the line from 0 to 1 on which every class has its place."""
LEAST = 2
"""Classes that a split needs to be of any use, as far as there are enough."""


def assign(*, dataset_id: UUID, names: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return the split of each class by the hash of its data set and its name, about 60, 20 and 20 of a hundred.

    known: the splits that classes had in earlier versions, which they keep. Where that leaves a split with too few, it
    gets the new classes whose places are nearest to it: small data sets would else have nothing to validate on.
    """
    places = {name: place(dataset_id, name) for name in names}
    splits = {name: known.get(name) or _split_at(place) for name, place in places.items()}
    new = {name: place for name, place in places.items() if name not in known}
    for split in SPLITS:
        while (donated := _donation(split, splits, new)) is not None:
            splits[donated] = split
    return splits


def place(dataset_id: UUID, name: str) -> float:
    """Return where a class lies on the line from 0 to 1, always at the same spot."""
    digest = hashlib.sha256(dataset_id.bytes + name.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _split_at(place: float) -> str:
    return next(split for split, end in zip(SPLITS, ENDS, strict=True) if place < end)


def _donation(split: str, splits: Mapping[str, str], new: Mapping[str, float]) -> str | None:
    """Name the class that a split which has too few gets next, from one that can spare it or matters less."""
    counts = Counter(splits.values())
    if counts[split] >= LEAST:
        return None
    later = SPLITS[SPLITS.index(split) + 1 :]
    spare = [name for name in new if splits[name] != split and (splits[name] in later or counts[splits[name]] > LEAST)]
    end = ENDS[SPLITS.index(split)]
    return min(spare, key=lambda name: (counts[splits[name]] <= LEAST, abs(new[name] - end)), default=None)
