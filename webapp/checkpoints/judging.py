"""Judge the findings of an evaluation: is the new checkpoint not worse than the live one?

Not worse means that, with 95 % confidence, it loses no more than `TOLERANCE` in accuracy: the upper end of the interval
of (live - new) lies at or below it. Two that are equally good differ by chance alone, so a tolerance of nothing would
refuse half of them; one point in a hundred is less than a person notices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from webapp.checkpoints.cards import in_percent

TOLERANCE = 0.01
"""The loss in accuracy, 0..1, that is still called not worse."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that the gate asks, what came of it in words, and the figures where there are any."""

    title: str
    passed: bool
    sentence: str
    figures: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as a publication keeps them."""
        return asdict(self)


def checks_of(findings: Mapping[str, Any]) -> list[Check]:
    """Judge both parts of an evaluation: on the benchmark, and on its classes that neither has learned from."""
    return [
        _judged(_("The benchmark"), findings["exam"]),
        _unseen(_("Classes that neither has learned from"), findings["unseen"]),
    ]


def _unseen(title: str, figures: Mapping[str, Any]) -> Check:
    """Judge the second part, or return why it could not be held."""
    if unknown := figures.get("unknown"):
        sentence = _(
            "The card of %(name)s does not list the classes that it learned from, so nobody can tell which are new"
            " to it."
        )
        return Check(title=title, passed=False, sentence=sentence % {"name": unknown})
    if "difference" not in figures:
        sentence = _(
            "Only %(classes)d of the benchmark’s classes are new to both and to their ancestors; %(needed)d are"
            " needed. Choose a benchmark with more classes that nothing was trained on."
        )
        return Check(title=title, passed=False, sentence=sentence % figures)
    return _judged(title, figures)


def _judged(title: str, figures: Mapping[str, Any]) -> Check:
    """Compare the most that the new one may lose with what is tolerated."""
    loss, half_width = -figures["difference"], figures["difference_ci95"]
    passed = loss + half_width <= TOLERANCE
    return Check(
        title=title,
        passed=passed,
        sentence=_sentence(loss, half_width, passed=passed),
        figures=_figures_in_words(figures),
    )


def _figures_in_words(figures: Mapping[str, Any]) -> str:
    """Return what both got right, and in how much."""
    values = {
        "ours": in_percent(figures["accuracy"], figures["ci95"]),
        "theirs": in_percent(figures["against_accuracy"], figures["against_ci95"]),
        "episodes": figures["episodes"],
        "classes": figures["classes"],
    }
    return (
        _("This one: %(ours)s right, the live one: %(theirs)s, in %(episodes)d episodes of %(classes)d classes.")
        % values
    )


def _sentence(loss: float, half_width: float, *, passed: bool) -> str:
    """Return what the interval means."""
    values = {
        "gain": f"{-100 * loss:+.1f}",
        "half": f"{100 * half_width:.1f}",
        "tolerance": f"{100 * TOLERANCE:g}",
    }
    if passed:
        sentence = _(
            "Not worse: the difference is %(gain)s ± %(half)s points, so it loses at most %(tolerance)s point."
        )
    elif loss - half_width > 0:
        sentence = _("Worse: the difference is %(gain)s ± %(half)s points.")
    else:
        sentence = _(
            "Cannot be told: the difference is %(gain)s ± %(half)s points, so it may lose more than %(tolerance)s"
            " point. More episodes would tell."
        )
    return sentence % values
