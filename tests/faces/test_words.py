"""What thresholds and notes mean is said in words that people can check."""

from __future__ import annotations

import pytest

from mlcore.faces.card import face_card
from mlcore.faces.detection.notes import QualityNote
from tests.refusals import refused
from webapp.faces import rates
from webapp.faces.answers import notes_in_words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0106, "1 in 100"),
        (0.0255, "3 in 100"),
        (1.0, "100 in 100"),
        (0.0042, "4 in 1,000"),
        (0.00011, "1 in 10,000"),
        (0.0, "fewer than 1 in 10,000"),
    ],
)
def test_a_share_is_said_as_so_many_in_a_hundred(share: float, words: str) -> None:
    assert rates.share_in_words(share) == words


def test_every_offered_rate_has_a_setting_or_is_not_measurable() -> None:
    offers = rates.offers()
    assert [offer.far for offer in offers] == list(face_card().offered_fars)
    assert [offer.is_default for offer in offers].count(True) == 1
    for offer in offers:
        if offer.far < face_card().least_far:
            assert offer.setting is None
            with refused("not_measurable", match="not measurable here"):
                rates.require_offered(offer.far)
        else:
            assert rates.require_offered(offer.far) == offer.far


def test_no_threshold_states_a_rate_that_is_not_measurable() -> None:
    """The slider goes through the thresholds of the curve."""
    least = face_card().least_far
    assert rates.share_in_words(0.0001, least=least) == "fewer than 1 in 1,000"
    for point in rates.curve():
        assert "10,000 pairs of strangers" not in point.effect
        assert ("fewer than 1 in 1,000 pairs of strangers" in point.effect) == (point.far < least), point
    for offer in rates.offers():
        if offer.setting:
            assert "10,000" not in offer.setting.sentence + offer.setting.intervals


def test_what_was_not_met_among_the_pairs_is_stated_by_its_interval() -> None:
    assert "and fewer than 4 in 100 pairs of the same person would be refused" in rates.curve()[0].effect


def test_the_default_setting_states_both_rates_and_what_they_were_measured_on() -> None:
    sentence = rates.setting_at(None).sentence
    assert sentence.startswith("At this setting 1 in 100 pairs of strangers would pass, and ")
    assert "pairs of the same person would be refused, measured on" in sentence


def test_a_higher_threshold_passes_fewer_strangers_and_refuses_more_of_the_same() -> None:
    curve = rates.curve()
    assert [point.far for point in curve] == sorted((point.far for point in curve), reverse=True)
    assert [point.frr for point in curve] == sorted(point.frr for point in curve)


@pytest.mark.parametrize(("score", "place"), [(-9.0, 0.0), (0.2, 0.0), (0.55, 50.0), (0.9, 100.0), (9.0, 100.0)])
def test_a_score_has_its_place_on_the_scale(score: float, place: float) -> None:
    assert rates.Scale(0.2, 0.9).at(score) == pytest.approx(place)


def test_every_note_has_words() -> None:
    assert all(notes_in_words([note]) for note in QualityNote)
