"""Which split a class is in: to train on, to validate on, or to test on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mlcore.data.names import SPLITS as SPLITS
from webapp.jobs.errors import JobFailed

ENDS = (0.6, 0.8, 1.0)
"""Where each split ends on the line from 0 to 1 on which every class has its place."""
LEAST = 2
"""Classes that a split needs to be of any use, as far as there are enough."""


def require_number(n: int, *, least: int, n_small: int) -> None:
    """Raise JobFailed unless so many classes can be split.

    least, n_small: how many pictures a class needs, and how many classes were left out for having fewer.
    """
    if n < 2 * LEAST:
        raise JobFailed(code="too_few_classes", message=too_few(n, least=least, n_small=n_small))
    if n > (limit := settings.GLIMPSE_LIMITS["dataset_classes"]):
        message = _("This holds more than %(most)d classes. Each folder of pictures is one.") % {"most": limit}
        raise JobFailed(code="too_many_classes", message=message)


def too_few(n: int, *, least: int = 0, n_small: int = 0) -> str:
    """Return how many classes there are, and how many there should be."""
    needed = _("At least %(n)d are needed: two to learn from, and two others to validate on.")
    held = ngettext("This holds %(n)d class.", "This holds %(n)d classes.", n) % {"n": n}
    if n_small:
        held = _("%(n)d classes have %(least)d pictures or more; %(small)d have fewer and are left out.")
        held %= {"n": n, "least": least, "small": n_small}
    return f"{held} {needed % {'n': 2 * LEAST}}"


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
