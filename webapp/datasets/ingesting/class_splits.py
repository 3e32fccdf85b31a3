"""Which side of the class split a class is on: to train on, to validate on, or to test on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

SIDES = ("train", "val", "test")
ENDS = (0.6, 0.8, 1.0)
"""Where each side ends on the line from 0 to 1 on which every class has its place."""
LEAST = 2
"""Classes that a side needs to be of any use, as far as there are enough."""


def deal(*, dataset_id: UUID, names: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return the side of each class by the hash of its data set and its name, about 60, 20 and 20 of a hundred.

    known: the sides that classes had in earlier versions, which they keep. Where that leaves a side with too few, it
    gets the new classes whose places are nearest to it: small data sets would else have nothing to validate on.
    """
    places = {name: place(dataset_id, name) for name in names}
    sides = {name: known.get(name) or _side_at(place) for name, place in places.items()}
    new = {name: place for name, place in places.items() if name not in known}
    for side in SIDES:
        while (donated := _donation(side, sides, new)) is not None:
            sides[donated] = side
    return sides


def place(dataset_id: UUID, name: str) -> float:
    """Place a class on the line from 0 to 1, always at the same spot."""
    digest = hashlib.sha256(dataset_id.bytes + name.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _side_at(place: float) -> str:
    return next(side for side, end in zip(SIDES, ENDS, strict=True) if place < end)


def _donation(side: str, sides: Mapping[str, str], new: Mapping[str, float]) -> str | None:
    """Name the class that a side which has too few gets next, from a side that can spare it or matters less."""
    counts = Counter(sides.values())
    if counts[side] >= LEAST:
        return None
    later = SIDES[SIDES.index(side) + 1 :]
    spare = [name for name in new if sides[name] != side and (sides[name] in later or counts[sides[name]] > LEAST)]
    end = ENDS[SIDES.index(side)]
    return min(spare, key=lambda name: (counts[sides[name]] <= LEAST, abs(new[name] - end)), default=None)
