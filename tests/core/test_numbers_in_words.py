"""Numbers are said as people say them, and never claim more than they know."""

from __future__ import annotations

import pytest

from webapp.core.templatetags.glimpse import best, percent, seconds, svg_percent


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 %"), (0.001, "< 1 %"), (0.424, "42 %"), (0.994, "99 %"), (0.9999, "> 99 %"), (1.0, "> 99 %")],
)
def test_a_share_never_claims_certainty(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [(0.254, "0.25 s"), (3.42, "3.4 s"), (89.0, "89.0 s"), (150.0, "2 minutes"), (None, "no time")],
)
def test_a_duration_is_said_in_its_own_size(duration: float | None, words: str) -> None:
    assert seconds(duration) == words


def test_bars_are_no_longer_than_their_track() -> None:
    assert [svg_percent(share) for share in (-0.1, 0.583, 1.2)] == ["0.0%", "58.3%", "100.0%"]


def test_the_best_classes_come_first() -> None:
    assert best({"a": 0.1, "b": 0.7, "c": 0.2}, 2) == [("b", 0.7), ("c", 0.2)]
