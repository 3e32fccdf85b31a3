"""How good a checkpoint is at what a person asks of it, in words: read off its card and compared with the live one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

PROTOCOL = re.compile(r"5-way (\d+)-shot(?:, \d+ .*)?")
"""Protocols that figures are shown of: plain ones, however many the episodes, and no harder or easier variety."""
SHOWN_SHOTS = (1, 5)
HIGHEST_SHARE = 0.999
FAR_SLOWER = 2.0
NOTICEABLE_SECONDS = 0.5
Card = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """Accuracy over 5-way episodes, with the half-width of its 95 % interval."""

    accuracy: float
    ci95: float

    def exceeds(self, other: Figure) -> bool:
        """Return whether it is higher by more than chance explains."""
        return self.accuracy - other.accuracy > math.hypot(self.ci95, other.ci95)


Figures = dict[int, Figure]
"""Figures by the number of pictures a class."""


@dataclass(frozen=True)
class Strength:
    """What the cards say of a checkpoint.

    measured: how often it is right, and how long it learns. note: what speaks for and against it, beside the live one.
    is_below: its figures are below the live checkpoint's whatever the number of pictures, or there are none.
    accuracy: the mean of its figures, to order by.
    """

    measured: str
    note: str
    is_below: bool
    accuracy: float = 0.0


class Comparison:
    """The cards of one kind, measured by one yardstick: the data set that most of them have figures on."""

    def __init__(self, cards: Sequence[Card], live: Card | None) -> None:
        self._cards = sorted(cards, key=lambda card: card is not live)
        self._live = live

    def strength_of(self, card: Card) -> Strength:
        """Return how strong a checkpoint is."""
        figures = self._figures(card)
        if figures:
            accuracy = fmean(figure.accuracy for figure in figures.values())
            return Strength(_measured(figures, seconds_of(card)), self._note(card), self._is_below(figures), accuracy)
        elsewhere = next(iter(_figures_by_dataset(card).values()), None)
        if elsewhere is None:
            return Strength(_("Not measured yet."), self._note(card), is_below=True)
        notes = (self._note(card), _("measured on other pictures"))
        return Strength(_measured(elsewhere, seconds_of(card)), _listed(notes), is_below=True)

    @cached_property
    def _yardstick(self) -> str:
        counts = Counter(dataset for card in self._cards for dataset in _figures_by_dataset(card))
        return counts.most_common(1)[0][0] if counts else ""

    def _figures(self, card: Card) -> Figures:
        return _figures_by_dataset(card).get(self._yardstick, {})

    @cached_property
    def _of_live(self) -> Figures:
        return self._figures(self._live) if self._live else {}

    def _is_below(self, figures: Figures) -> bool:
        shared = figures.keys() & self._of_live.keys()
        return bool(shared) and all(figures[shots].accuracy < self._of_live[shots].accuracy for shots in shared)

    def _note(self, card: Card) -> str:
        if card is self._live:
            return _("the default, best of its kind") if self._live_is_best else _("the default")
        notes, figures = [self._pace(card)], self._figures(card)
        for shots in sorted(figures.keys() & self._of_live.keys()):
            if figures[shots].exceeds(self._of_live[shots]):
                praise = _("best with %(pictures)s") if self._leads(card, shots) else _("better with %(pictures)s")
                notes.append(praise % {"pictures": _pictures(shots, whole=shots == 1)})
        return _listed(notes)

    def _leads(self, card: Card, shots: int) -> bool:
        """Return whether no other checkpoint's figure is as high."""
        others = (self._figures(other).get(shots) for other in self._cards if other is not card)
        return all(self._figures(card)[shots].accuracy > other.accuracy for other in others if other)

    @cached_property
    def _live_is_best(self) -> bool:
        """Return whether no other checkpoint is known to be right more often."""
        rivals = [self._figures(card) for card in self._cards]
        pairs = [(rival[shots], ours) for rival in rivals for shots, ours in self._of_live.items() if shots in rival]
        return bool(pairs) and not any(theirs.exceeds(ours) for theirs, ours in pairs)

    def _pace(self, card: Card) -> str:
        mine, live = seconds_of(card), seconds_of(self._live) if self._live else None
        if mine is None or live is None or abs(mine - live) < NOTICEABLE_SECONDS:
            return ""
        if mine > live * FAR_SLOWER:
            return _("slower to learn")
        return _("quicker to learn") if live > mine * FAR_SLOWER else ""


def seconds_of(card: Card) -> float | None:
    """Return the median seconds that adapting to five pictures of each of five classes takes, where measured."""
    return next((float(row["adapt_seconds"]) for row in card["results"] if "adapt_seconds" in row), None)


def _figures_by_dataset(card: Card) -> dict[str, Figures]:
    figures: dict[str, Figures] = {}
    for row in card["results"]:
        plain = PROTOCOL.fullmatch(row.get("protocol", ""))
        if plain and "accuracy" in row and not row.get("transductive"):
            figure = Figure(row["accuracy"], row.get("ci95", 0.0))
            figures.setdefault(row.get("dataset", ""), {}).setdefault(int(plain[1]), figure)
    return figures


def _measured(figures: Figures, seconds: float | None) -> str:
    """Return how often it is right, and how long it learns."""
    shown = [shots for shots in SHOWN_SHOTS if shots in figures] or sorted(figures)[:2]
    first, *others = shown
    parts = [_("%(share)s right with %(pictures)s") % _placeholders(figures, first, whole=True)]
    parts += [_("%(share)s with %(pictures)s") % _placeholders(figures, shots, whole=False) for shots in others]
    sentence = ", ".join(parts)
    return sentence if seconds is None else f"{sentence}; {_pace_in_words(seconds)}"


def _placeholders(figures: Figures, shots: int, *, whole: bool) -> dict[str, str]:
    return {"share": _exact_percent(figures[shots].accuracy), "pictures": _pictures(shots, whole=whole)}


def _listed(notes: Iterable[str]) -> str:
    return ", ".join(filter(None, notes))


def _pace_in_words(seconds: float) -> str:
    if seconds < 1:
        return _("learns in under 1 s")
    return _("learns in %(number)s s") % {"number": number_format(round(seconds))}


def _pictures(shots: int, *, whole: bool) -> str:
    """Return a number of pictures a class in words; not ``whole`` where that was said a moment before."""
    words = {1: _("one"), 2: _("two"), 3: _("three"), 4: _("four"), 5: _("five"), 10: _("ten")}
    number = words.get(shots, number_format(shots))
    if not whole:
        return number
    return ngettext("%(number)s picture a class", "%(number)s pictures a class", shots) % {"number": number}


def _exact_percent(share: float) -> str:
    """Return a share of 1 in percent to a tenth, without ever claiming certainty."""
    if share > HIGHEST_SHARE:
        return _("over %(number)s %%") % {"number": number_format(100 * HIGHEST_SHARE, 1)}
    return _("%(number)s %%") % {"number": number_format(round(100 * share, 1), 1)}
