"""The card that ships: what a threshold means."""

import json
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import pytest

from mlcore.errors import CheckpointError
from mlcore.faces.card import CARD, ChosenThreshold, FaceCard, OperatingPoint, Rate, face_card, read_card
from mlcore.faces.packages import PACKAGE, RECOGNISER


def rate(value: float) -> Rate:
    return Rate(value, value / 2, value * 2)


def small_card(**changes: object) -> FaceCard:
    values = {
        **json.loads(CARD.read_text()),
        "points": [
            {"threshold": 0.4, "far": vars(rate(0.1)), "frr": vars(rate(0.0))},
            {"threshold": 0.6, "far": vars(rate(0.02)), "frr": vars(rate(0.04))},
        ],
        "thresholds": [
            {"far": 0.01, "threshold": 0.6, "stated": vars(rate(0.01))},
            {"far": 0.001, "threshold": 0.7, "stated": vars(rate(0.001))},
        ],
    }
    return FaceCard.from_dict(values | changes)


def test_rates_lie_between_the_measured_points() -> None:
    point = small_card().rates_at(0.45)
    assert point.far.value == pytest.approx(0.08)
    assert point.frr.value == pytest.approx(0.01)
    assert point.far.high == pytest.approx(0.16)


@pytest.mark.parametrize(("threshold", "far"), [(-1, 0.1), (0.4, 0.1), (0.6, 0.02), (0.9, 0.02)])
def test_beyond_the_last_point_its_rates_hold(threshold: float, far: float) -> None:
    assert small_card().rates_at(threshold) == OperatingPoint(
        threshold, rate(far), small_card().rates_at(threshold).frr
    )


def test_a_rate_that_was_not_measurable_has_no_threshold() -> None:
    card = small_card()
    assert card.threshold_at(0.01) == card.default_threshold == 0.6
    assert card.threshold_at(1e-4) is None


@pytest.mark.parametrize(("people", "threshold"), [(0, 0.6), (1, 0.6), (2, 0.7), (10, 0.7), (1000, 0.7)])
def test_a_gallery_of_many_is_searched_more_strictly(people: int, threshold: float) -> None:
    assert small_card().threshold_among(people) == threshold


def test_the_card_that_ships_is_of_the_weights_that_are_installed() -> None:
    card = face_card()
    assert card.embedder["sha256"] == RECOGNISER.sha256
    assert card.embedder["version"] == version(PACKAGE)
    assert card.default_far == 0.01
    assert card.threshold_at(0.001) is not None
    assert card.threshold_at(0.001) > card.default_threshold  # type: ignore[operator]
    assert card.threshold_at(card.offered_fars[-1]) is None


def test_errors_of_one_sort_fall_where_those_of_the_other_rise() -> None:
    points = face_card().points
    assert all(a.far.value >= b.far.value and a.frr.value <= b.frr.value for a, b in pairwise(points))
    assert all(rate.low <= rate.value <= rate.high for point in points for rate in (point.far, point.frr))


def test_others_pass_as_often_as_stated() -> None:
    card = face_card()
    stated = card.thresholds[0].stated
    measured = card.rates_at(card.default_threshold)
    assert stated.low <= measured.far.value <= stated.high
    assert isinstance(card.thresholds[0], ChosenThreshold)


def test_a_card_is_written_as_it_is_read() -> None:
    assert FaceCard.from_dict(json.loads(face_card().to_json())) == face_card()


@pytest.mark.parametrize("change", [{"points": []}, {"thresholds": [{}]}, {"unknown": 1}])
def test_a_damaged_card_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="the card of the face chain"):
        small_card(**change)


def test_a_missing_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no readable card"):
        read_card(tmp_path / "card.json")
