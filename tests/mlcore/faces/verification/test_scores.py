"""Scores, and who of a gallery it is."""

import numpy as np
import pytest

from mlcore.errors import SupportSetError
from mlcore.faces.verification.scores import Candidate, identify, same, score


def direction(*values: float) -> np.ndarray:
    return np.pad(np.array(values, np.float32), (0, 128 - len(values)))


def test_identical_opposite_and_right_angled_embeddings_have_known_scores() -> None:
    assert score(direction(3), direction(0.5)) == 1
    assert score(direction(1), direction(-1)) == -1
    assert score(direction(1), direction(0, 2)) == pytest.approx(1 - 2**0.5)


def test_a_score_is_the_same_both_ways() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 128)).astype(np.float32)
    assert score(first, second) == pytest.approx(score(second, first), abs=1e-6)


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_an_embedding_without_direction_is_like_nothing_even_itself(value: float) -> None:
    empty = np.full(128, value, np.float32)
    assert score(empty, direction(1)) == -1
    assert score(empty, empty) == -1


def test_the_threshold_itself_passes() -> None:
    assert same(0.6, 0.6)
    assert not same(0.59, 0.6)


def test_people_are_ranked_by_their_most_alike_photo() -> None:
    gallery = np.stack([direction(1, 0.5), direction(0, 1), direction(1, 0.1), direction(-1)])
    answer = identify(direction(1), gallery, ["ann", "ann", "ben", "cy"], threshold=0.6)
    assert [candidate.person for candidate in answer.ranked] == ["ben", "ann", "cy"]
    assert answer.person == "ben"


def test_nobody_is_an_answer() -> None:
    answer = identify(direction(1), np.stack([direction(0, 1)]), [7], threshold=0.6)
    assert answer.ranked == (Candidate(7, pytest.approx(1 - 2**0.5)),)
    assert answer.person is None


def test_an_empty_gallery_knows_nobody() -> None:
    answer = identify(direction(1), np.zeros((0, 128), np.float32), [], threshold=0.6)
    assert (answer.ranked, answer.person) == ((), None)


def test_a_gallery_needs_a_person_for_each_photo() -> None:
    with pytest.raises(SupportSetError, match="1 photos and 2 names"):
        identify(direction(1), np.ones((1, 128), np.float32), [1, 2], threshold=0.6)
