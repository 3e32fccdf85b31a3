"""What is to be searched, as it is written, and how many random draws it takes."""

from __future__ import annotations

import pytest

from webapp.core.errors import UserError
from webapp.training.sweeps.search_space import combinations, count, draws_needed, space_from_words


def test_the_figures_of_random_search() -> None:
    assert draws_needed(1000, 10, 0.9) == 230
    assert draws_needed(1000, 100, 0.9) == 22
    assert draws_needed(7, 7, 0.99) == 1


@pytest.mark.parametrize(("n", "k", "confidence"), [(10, 0, 0.9), (10, 11, 0.9), (10, 1, 0.0), (10, 1, 1.0)])
def test_draws_that_make_no_sense_are_refused(n: int, k: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="0 < k <= n"):
        draws_needed(n, k, confidence)


def test_choices_and_ranges_are_read() -> None:
    lines = ["training.outer_lr = 1e-4 .. 0.01 log", "", " episodes.n_way=5, 10 ", "episodes.k_shot = 1 .. 3"]
    space = space_from_words(lines, method="prototypical")
    assert space == {
        "training.outer_lr": {"low": 0.0001, "high": 0.01, "log": True},
        "episodes.n_way": {"choices": [5, 10]},
        "episodes.k_shot": {"low": 1, "high": 3, "log": False},
    }
    assert count(space) is None


def test_settings_are_called_as_forms_call_them() -> None:
    space = space_from_words(["Learning rate = 0.001 .. 0.1", "ways = 5, 10"], method="prototypical")
    assert list(space) == ["training.outer_lr", "episodes.n_way"]
    with pytest.raises(UserError, match="Pace is no setting; there are Ways, Shots, "):
        space_from_words(["Pace = 5"], method="prototypical")
    with pytest.raises(UserError, match="Ways is named twice"):
        space_from_words(["episodes.n_way = 5", "Ways = 6"], method="prototypical")


def test_whole_numbers_of_a_range_are_counted_and_others_are_not() -> None:
    whole = {"low": 1, "high": 3, "log": False}
    assert count({"a": whole, "b": {"choices": ["x", "y"]}}) == 6
    assert combinations({"a": whole}) == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert count({"a": whole, "b": {"low": 0.5, "high": 1.0, "log": False}}) is None


def test_combinations_are_counted_and_listed() -> None:
    space = {"a": {"choices": [1, 2, 3]}, "b": {"choices": ["x", "y"]}}
    assert count(space) == len(combinations(space)) == 6


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("training.outer_lr", "is not understood"),
        ("speed = 5", "speed is no setting"),
        ("training.speed = 5", "training.speed is no setting"),
        ("training.outer_lr = fast", "is 'fast'; it must be a number"),
        ("training.outer_lr = 1 .. 2 square", "the word log"),
        ("training.outer_lr = 1 .. ", "is ''; it must be a number"),
        ("training.outer_lr = 1,", "is ''; it must be a number"),
    ],
)
def test_a_line_that_is_not_understood_is_refused(line: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        space_from_words([line], method="prototypical")


def test_a_setting_named_twice_is_refused() -> None:
    with pytest.raises(UserError, match="twice"):
        space_from_words(["episodes.n_way = 5", "episodes.n_way = 6"], method="prototypical")
