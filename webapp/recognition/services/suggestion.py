"""Which kind of pictures a support set seems to hold, and why: judged by the ink, and by what colour tells apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from mlcore.data.ink import Ink
from webapp.checkpoints.models import Checkpoint
from webapp.recognition.models import SupportImage, SupportSet

Point = tuple[float, float]

APART = 40.0
"""How far, in levels of 255, the mean colours of two classes have to lie from each other for colour to tell them."""
SPREADS = 3.0
"""How many times farther than pictures of one class lie from its own mean."""
PEN_SHARE = 0.8
"""Of the pictures, that have to be strokes of a pen for the kind to be plain, whatever colours pens have."""

WHY: dict[str, str | Promise] = {
    "nothing": gettext_lazy("There are no pictures yet."),
    "photos": gettext_lazy("Most of these pictures fill the frame, as photos do."),
    "ink": gettext_lazy("These look like strokes of ink on plain paper."),
    "colour": gettext_lazy("Colour tells these classes apart, and “Characters & drawings” sees no colour."),
    "either": gettext_lazy(
        "These lie on plain paper, and could be learned either way. Before learning, both are tried on your own"
        " pictures, and the better one learns."
    ),
    "untried": gettext_lazy("These lie on plain paper, and are learned the one way that there is here."),
}


@dataclass(frozen=True)
class Suggestion:
    """The kinds that may suit, the likeliest first; more than one are tried on the pictures before learning.

    reason: a key of WHY.
    """

    kinds: tuple[str, ...]
    reason: str

    @property
    def kind(self) -> str:
        """Return the kind that is suggested, or nothing where trying has to tell."""
        return self.kinds[0] if len(self.kinds) == 1 else ""

    @property
    def why(self) -> str:
        """Return the reason as a sentence."""
        return str(WHY[self.reason])


def suggestion_for(*, support_set: SupportSet) -> Suggestion:
    """Suggest the kind of a support set as it stands."""
    pictures = SupportImage.objects.present().filter(support_class__support_set=support_set).order_by()
    rows = list(pictures.values_list("support_class_id", "looks_drawn", "ink"))
    drawn = [(class_id, Ink(**facts) if facts else None) for class_id, looks_drawn, facts in rows if looks_drawn]
    if len(drawn) * 2 <= len(rows):
        return Suggestion(("photos",), "photos" if rows else "nothing")
    if _colour_tells(_hues_by_class(drawn)):
        return Suggestion(("photos",), "colour")
    if sum(_is_pen(ink) for _class_id, ink in drawn) >= PEN_SHARE * len(rows):
        return Suggestion(("characters",), "ink")
    n_solid = sum(ink is not None and not ink.is_thin for _class_id, ink in drawn)
    return _either(is_solid=n_solid * 2 > len(drawn))


def _is_pen(ink: Ink | None) -> bool:
    """Return whether ink is strokes of a pen; what was taken in before ink was looked at counts as such."""
    return ink is None or ink.is_thin


def _hues_by_class(drawn: Iterable[tuple[UUID, Ink | None]]) -> list[list[Point]]:
    hues: dict[UUID, list[Point]] = {}
    for class_id, ink in drawn:
        if ink is not None:
            hues.setdefault(class_id, []).append(_hue(ink))
    return list(hues.values())


def _either(*, is_solid: bool) -> Suggestion:
    """Have both kinds tried, where both have a live checkpoint."""
    kinds = ("photos", "characters") if is_solid else ("characters", "photos")
    live = set(Checkpoint.objects.live().values_list("kind", flat=True))
    if live.issuperset(kinds):
        return Suggestion(kinds, "either")
    return Suggestion(tuple(kind for kind in kinds if kind in live) or kinds[:1], "untried")


def _hue(ink: Ink) -> Point:
    """Return how far a colour is from grey, towards red and towards yellow, in levels of 255."""
    return ink.red - ink.green, (ink.red + ink.green) / 2 - ink.blue


def _colour_tells(classes: Sequence[Sequence[Point]]) -> bool:
    """Return whether the colours of some two classes differ by far more than those within a class do."""
    means = [_mean(points) for points in classes]
    strays = [
        math.dist(point, mean)
        for points, mean in zip(classes, means, strict=True)
        if len(points) > 1
        for point in points
    ]
    spread = math.sqrt(fmean(stray**2 for stray in strays)) if strays else 0.0
    least = max(APART, SPREADS * spread)
    return any(math.dist(one, other) > least for one, other in combinations(means, 2))


def _mean(points: Sequence[Point]) -> Point:
    return fmean(x for x, _y in points), fmean(y for _x, y in points)
