"""What a checkpoint and its ancestors learned from, class by class, to tell the classes that none of them saw.

A class is known by its data set and its name. Standard library only.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.card_schema import CLASS_NAMES
from mlcore.data.datasets import DATASETS
from mlcore.schemas import SchemaError

LEAST_UNSEEN = 20
"""Fewer classes than these say too little of what a checkpoint makes of new ones."""
ANONYMOUS = "image_folder"
"""The name of a folder that was given none: a class of any data set may be one of its own."""

MOST_LISTED_BYTES = 4 * 2**20
"""What the class names of a checkpoint may take on its card, and those of its ancestors together."""
MOST_ANCESTORS = 100


@dataclass(frozen=True)
class Lesson:
    """What one checkpoint was trained on; `class_names` is None where its card does not list them."""

    checkpoint: str
    dataset: str
    split: str
    class_names: frozenset[str] | None

    @property
    def is_unknown(self) -> bool:
        """Return whether nobody can tell which classes these were."""
        return self.class_names is None and self.dataset in ("", ANONYMOUS)

    def holds(self, class_name: str, *, dataset: str, split: str) -> bool:
        """Return whether a class of a data set's split may have been among these; where it is not known, it may."""
        if self.dataset not in (dataset, ANONYMOUS, ""):
            return False
        if self.dataset in DATASETS and DATASETS[self.dataset].are_disjoint(self.split, split):
            return False
        return self.class_names is None or class_name in self.class_names


def descent(card: ModelCard) -> list[dict[str, Any]]:
    """Describe a checkpoint and those that its weights came through, the nearest first, as cards hold it."""
    kept = {name: card.data[name] for name in ("name", "split", "class_names") if name in card.data}
    start = card.training.get("start_from")
    earlier = card.training.get("ancestors", [{**start, "data": {}}] if start else [])
    return [{"name": card.name, "digest": card.digest, "data": kept}, *earlier]


def listed(class_names: Sequence[str], *, most_bytes: int = MOST_LISTED_BYTES) -> list[str] | None:
    """Return class names as a card holds them, or None, which means unknown, where it has no room for them all."""
    names = list(class_names)
    try:
        CLASS_NAMES.require(names)
    except SchemaError:
        return None
    return names if _n_bytes(names) <= most_bytes else None


def ancestors_for_card(start: ModelCard) -> list[dict[str, Any]]:
    """Return the descent of the checkpoint that a training starts from, as far as a card has room for it.

    The class names of the nearest are listed first. Beyond `MOST_ANCESTORS`, the last one stands for all that are
    farther, and may have learned from anything.
    """
    line, left = descent(start), MOST_LISTED_BYTES
    if len(line) > MOST_ANCESTORS:
        line = [*line[: MOST_ANCESTORS - 1], {**line[MOST_ANCESTORS - 1], "data": {}}]
    ancestors = []
    for checkpoint in line:
        data = checkpoint.get("data", {})
        if data.get("class_names") is not None:
            data = {**data, "class_names": listed(data["class_names"], most_bytes=left)}
            left -= _n_bytes(data["class_names"] or [])
        ancestors.append({**checkpoint, "data": data})
    return ancestors


def _n_bytes(names: Sequence[str]) -> int:
    """Return what names take in the text of a card, each on a line of its own, indented at most ten deep."""
    return sum(len(json.dumps(name, ensure_ascii=False).encode()) + 12 for name in names)


def lessons(card: ModelCard) -> list[Lesson]:
    """List what a checkpoint and each of its ancestors were trained on."""
    return [_lesson(checkpoint["name"], checkpoint.get("data", {})) for checkpoint in descent(card)]


def _lesson(checkpoint: str, data: dict[str, Any]) -> Lesson:
    listed = data.get("class_names")
    names = None if listed is None else frozenset(listed)
    return Lesson(checkpoint, data.get("name", ""), data.get("split", ""), names)


def unseen(class_names: Sequence[str], taught: Iterable[Lesson], *, dataset: str, split: str) -> list[int]:
    """Return the places of the classes that are in none of the lessons."""
    taught = list(taught)
    return [
        place
        for place, name in enumerate(class_names)
        if not any(lesson.holds(name, dataset=dataset, split=split) for lesson in taught)
    ]
