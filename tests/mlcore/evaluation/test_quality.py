"""From answers about one's own pictures to how often new ones will be named rightly; and what a card tells instead."""

import pytest

from mlcore.checkpoints.card import pretrained_cards
from mlcore.evaluation.quality import ClassCount, beta_interval, expectation, expectation_of_card


def of_five(*right: int) -> list[ClassCount]:
    return [ClassCount(count, 5, 5) for count in right]


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [(25.5, 0.5, 0.90, 1.0), (24.5, 1.5, 0.82, 1.0), (10.5, 15.5, 0.22, 0.60), (0.5, 10.5, 0.0, 0.22)],
)
def test_the_interval_is_the_middle_of_a_beta_distribution(a: float, b: float, low: float, high: float) -> None:
    assert beta_interval(a, b) == (low, high)  # quantiles of scipy.stats.beta, rounded outwards


def test_a_mistake_of_a_classifier_that_had_less_to_learn_from_counts_less() -> None:
    expected = expectation(of_five(5, 4, 5, 5, 4), n_rounds=5)
    assert expected is not None
    assert expected.accuracy == pytest.approx(1 - 2 / 25 * 4 / 5)
    assert (expected.low, expected.high) == beta_interval(25 * expected.accuracy + 0.5, 25 * 2 / 25 * 4 / 5 + 0.5)


def test_with_two_pictures_a_class_half_of_the_mistakes_are_expected() -> None:
    expected = expectation([ClassCount(1, 2, 2), ClassCount(2, 2, 2)], n_rounds=2)
    assert expected is not None
    assert expected.accuracy == pytest.approx(0.875)


def test_all_right_and_all_wrong_are_no_certainty() -> None:
    best, worst = expectation(of_five(5, 5), n_rounds=5), expectation(of_five(0, 0), n_rounds=10_000)
    assert best is not None
    assert worst is not None
    assert (best.accuracy, best.high) == (1.0, 1.0)
    assert best.low < 0.9
    assert worst.high > 0.2


def test_classes_count_alike_however_many_pictures_they_have() -> None:
    expected = expectation([ClassCount(50, 50, 50), ClassCount(0, 2, 2)], n_rounds=2)
    assert expected is not None
    assert expected.accuracy == pytest.approx(0.75)
    assert expected.high - expected.low > 0.5


def test_where_nothing_was_asked_nothing_is_said() -> None:
    assert expectation([], n_rounds=0) is None
    assert expectation([ClassCount(0, 0, 1)], n_rounds=0) is None


ROW = {"dataset": "shop", "protocol": "5-way 1-shot", "accuracy": 0.9, "ci95": 0.0062, "episodes": 1000}


def test_a_card_tells_how_far_tasks_lie_apart_and_not_how_sure_their_mean_is() -> None:
    told = expectation_of_card([ROW], n_way=7, k_shot=1)
    assert told is not None
    assert (told.n_way, told.k_shot, told.dataset, told.accuracy) == (5, 1, "shop", 0.9)
    assert (told.low, told.high) == (0.63, 1.0)  # of a beta distribution with a deviation of 0.1


def test_the_nearest_number_of_classes_is_told_of() -> None:
    rows = [ROW, {**ROW, "protocol": "20-way 1-shot, 800 episodes, 10 queries a class", "accuracy": 0.7}]
    told = [expectation_of_card(rows, n_way=n_way, k_shot=1) for n_way in (2, 9, 11, 100)]
    assert [row.n_way for row in told if row] == [5, 5, 20, 20]


@pytest.mark.parametrize(
    "row",
    [
        {**ROW, "protocol": "5-way 5-shot"},
        {**ROW, "protocol": "5-way 1-shot, rotated"},
        {**ROW, "transductive": True},
        {"protocol": "5-way 1-shot"},
        {},
    ],
)
def test_what_is_of_other_tasks_is_not_told(row: dict[str, object]) -> None:
    assert expectation_of_card([row], n_way=5, k_shot=1) is None


@pytest.mark.parametrize("row", [{**ROW, "ci95": None}, {**ROW, "episodes": 0}, {**ROW, "ci95": 0.5}])
def test_a_card_that_does_not_tell_the_spread_leaves_it_out(row: dict[str, object]) -> None:
    told = expectation_of_card([row], n_way=5, k_shot=1)
    assert told is not None
    assert (told.accuracy, told.low, told.high) == (0.9, None, None)


def test_every_card_that_ships_tells_of_one_picture_a_class() -> None:
    for name, card in pretrained_cards().items():
        told = expectation_of_card(card.results, n_way=5, k_shot=1)
        assert told is not None, name
        assert told.low is not None, name
        assert told.low < told.accuracy <= 1, name
