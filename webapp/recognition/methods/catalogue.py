"""The methods as pages name them, and the choice among the checkpoints of one kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.checkpoints.models import Checkpoint
from webapp.recognition.methods.strength import Comparison, Strength

WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "prototypical": (
        gettext_lazy("Prototypical networks"),
        gettext_lazy("Remembers the average look of each class, and picks the class that is nearest."),
    ),
    "maml": (
        gettext_lazy("MAML"),
        gettext_lazy("Goes on training the network on your pictures, from a start that was made for quick learning."),
    ),
    "fomaml": (
        gettext_lazy("First-order MAML"),
        gettext_lazy("Learns from your pictures as MAML does, from a start that was found with simpler sums."),
    ),
    "anil": (
        gettext_lazy("ANIL"),
        gettext_lazy("As MAML, but only the last part of the network, which names the class, goes on learning."),
    ),
    "meta_sgd": (
        gettext_lazy("Meta-SGD"),
        gettext_lazy("As MAML, and it knows beforehand which parts of the network to change, and how far."),
    ),
    "maml_plus_plus": (
        gettext_lazy("MAML++"),
        gettext_lazy("As MAML, with a pace of its own for each part of the network and each step."),
    ),
    "reptile": (
        gettext_lazy("Reptile"),
        gettext_lazy("Trains on your pictures in many small steps, from a start that is never far from the goal."),
    ),
    "matching": (
        gettext_lazy("Matching networks"),
        gettext_lazy("Compares a new picture with each of yours, and lets the ones most like it decide."),
    ),
    "matching_full_context": (
        gettext_lazy("Matching networks with full context"),
        gettext_lazy("As matching networks, but looks over all of your pictures together before it compares."),
    ),
    "relation": (
        gettext_lazy("Relation network"),
        gettext_lazy("Lays a new picture beside each class, and judges with a practised eye how well they match."),
    ),
    "siamese": (
        gettext_lazy("Siamese network"),
        gettext_lazy("Looks at two pictures at a time, judges whether they show the same, and trusts the best match."),
    ),
    "baseline": (
        gettext_lazy("Baseline"),
        gettext_lazy("Leaves the network as it is and trains a simple last layer on your pictures: the yardstick."),
    ),
    "baseline_plus_plus": (
        gettext_lazy("Baseline++"),
        gettext_lazy("As Baseline, with a last layer that weighs what is in a picture and not how strongly it shows."),
    ),
}
VARIANTS = {("matching", "full_context"): "matching_full_context", ("maml", "first_order"): "fomaml"}
"""Methods that a setting turns into what people know by another name."""


@dataclass(frozen=True)
class MethodChoice:
    """A checkpoint that can be learned with, in words for people."""

    id: str
    name: str
    title: str
    sentence: str
    measured: str
    note: str
    is_default: bool


@dataclass(frozen=True)
class MethodChoices:
    """The checkpoints of one kind: the live one first, and apart those that are right less often than it."""

    default: MethodChoice | None
    usual: list[MethodChoice]
    advanced: list[MethodChoice]

    def __len__(self) -> int:
        return len(self.usual) + len(self.advanced)


def title_of(card: Mapping[str, Any]) -> str:
    """Return the title of a card's method; one that has no words here goes by its own name."""
    title, _sentence = _words(card)
    return str(title)


def method_choices(kind: str) -> MethodChoices:
    """Return what a person may choose from for one kind of picture, each with what its card says of it."""
    offered = Checkpoint.objects.offered().filter(kind=kind)
    rows = [row for row in offered if not row.is_replaced and not row.is_damaged]
    live = next((row for row in rows if row.live), None)
    comparison = Comparison([row.card for row in rows], live.card if live else None)
    strengths = {row.pk: comparison.strength_of(row.card) for row in rows}
    rows.sort(key=lambda row: (not row.live, -strengths[row.pk].accuracy, row.name))
    shared = Counter(title_of(row.card) for row in rows)
    usual: list[MethodChoice] = []
    advanced: list[MethodChoice] = []
    for row in rows:
        strength, title = strengths[row.pk], title_of(row.card)
        choice = _choice(row, title if shared[title] == 1 else f"{title} ({row.name})", strength)
        (advanced if strength.is_below and not row.live else usual).append(choice)
    return MethodChoices(next((choice for choice in usual if choice.is_default), None), usual, advanced)


def _choice(row: Checkpoint, title: str, strength: Strength) -> MethodChoice:
    _title, sentence = _words(row.card)
    return MethodChoice(row.pk.hex, row.name, title, str(sentence), strength.measured, strength.note, row.live)


def _words(card: Mapping[str, Any]) -> tuple[str | Promise, str | Promise]:
    """Return the title and the sentence of a card's method."""
    method = card["method"]
    if not method:
        return _("Damaged"), ""
    for (name, setting), variant in VARIANTS.items():
        if name == method and card["config"].get(setting):
            return WORDS[variant]
    return WORDS.get(method, (method, ""))
