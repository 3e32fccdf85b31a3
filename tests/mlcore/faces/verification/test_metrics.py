"""Error rates of pairs on cases worked by hand."""

import numpy as np
import pytest

from mlcore.errors import DatasetError
from mlcore.faces.verification.metrics import (
    best_threshold,
    equal_error_rate,
    error_rates,
    fold_accuracy,
    interval,
    roc,
    tar_at,
    threshold_at,
)
from mlcore.faces.verification.pairs import ScoredPairs, all_pairs

SAME = np.array([0.9, 0.8, 0.7, 0.3])
DIFFERENT = np.array([0.6, 0.4, 0.2, 0.1])


def scored(same: np.ndarray, different: np.ndarray, folds: np.ndarray | None = None) -> ScoredPairs:
    """Make pairs of as many people as there are scores."""
    n = len(same) + len(different)
    people = np.stack([np.arange(n), np.arange(n) + n * (np.arange(n) >= len(same))], 1)
    return ScoredPairs(np.concatenate([same, different]), people, np.zeros(n, int) if folds is None else folds)


def test_the_curve_goes_from_nobody_accepted_to_everybody() -> None:
    curve = roc(SAME, DIFFERENT)
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1]
    assert curve.tar.tolist() == [0, 0.25, 0.5, 0.75, 0.75, 0.75, 1, 1, 1]
    assert curve.far.tolist() == [0, 0, 0, 0, 0.25, 0.5, 0.5, 0.75, 1]


def test_a_pair_at_the_threshold_is_accepted() -> None:
    assert error_rates(SAME, DIFFERENT, 0.4) == (0.5, 0.25)


def test_the_equal_error_rate_of_one_mistake_in_four_on_either_side() -> None:
    assert equal_error_rate(SAME, DIFFERENT) == pytest.approx(0.25)


def test_the_equal_error_rate_lies_between_two_thresholds_where_none_makes_both_errors_equal() -> None:
    # FRR stays 1/2 while FAR steps from 1/3 to 2/3.
    assert equal_error_rate(np.array([0.9, 0.1]), np.array([0.5, 0.4, 0.0])) == pytest.approx(0.5)
    # From (FAR, FRR) = (0, 1) straight to (1, 0): all scores are equal.
    assert equal_error_rate(np.ones(3), np.ones(5)) == pytest.approx(0.5)


def test_pairs_apart_make_no_errors() -> None:
    same, different = np.linspace(0.6, 1, 50), np.linspace(0, 0.5, 2000)
    assert equal_error_rate(same, different) == 0
    assert tar_at(same, different, 0.01) == 1
    assert best_threshold(*scores_and_answers(same, different)) == pytest.approx(0.55)


def scores_and_answers(same: np.ndarray, different: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate both sorts of score."""
    return np.concatenate([same, different]), np.arange(len(same) + len(different)) < len(same)


def test_a_threshold_passes_no_more_strangers_than_was_asked() -> None:
    different = np.arange(1000) / 1000
    threshold = threshold_at(different, 0.01)
    assert threshold is not None
    assert (different >= threshold).sum() == 10
    tied = np.concatenate([np.zeros(900), np.ones(100)])
    threshold = threshold_at(tied, 0.05)
    assert threshold is not None
    assert (tied >= threshold).sum() == 0


def test_normal_scores_have_the_rates_that_their_distance_gives() -> None:
    generator = np.random.default_rng(0)
    same, different = generator.normal(2, 1, 200_000), generator.normal(0, 1, 200_000)
    assert equal_error_rate(same, different) == pytest.approx(0.15866, abs=2e-3)  # Phi(-1)
    assert tar_at(same, different, 0.01) == pytest.approx(0.37208, abs=5e-3)  # 1 - Phi(2.32635 - 2)
    accuracy = (np.mean(same >= 1) + np.mean(different < 1)) / 2
    best = best_threshold(*scores_and_answers(same, different))
    assert best == pytest.approx(1, abs=0.05)
    assert accuracy == pytest.approx(0.84134, abs=2e-3)  # Phi(1)


def test_a_rate_that_the_pairs_cannot_resolve_is_not_measurable() -> None:
    same, different = np.ones(10), np.zeros(1500)
    assert tar_at(same, different, 0.01) == 1
    assert tar_at(same, different, 0.001) is None
    assert threshold_at(different, 0.001) is None
    assert interval(scored(same, different), lambda pairs: tar_at(pairs.same, pairs.different, 0.001)) is None


def test_no_pairs_of_one_sort_are_refused() -> None:
    with pytest.raises(DatasetError, match="pairs of two"):
        equal_error_rate(SAME, np.array([]))


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(DatasetError, match="not a number"):
        scored(np.array([np.nan]), DIFFERENT)


def test_each_fold_is_judged_by_the_threshold_of_the_others() -> None:
    # Fold 1 lies 10 higher than fold 0: each other's threshold accepts all of fold 1 and refuses all of fold 0.
    scores = np.array([1.0, 1, 0, 0, 11, 11, 10, 10])
    people = np.array([[0, 0], [1, 1], [2, 3], [4, 5], [6, 6], [7, 7], [8, 9], [10, 11]])
    folds = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert fold_accuracy(ScoredPairs(scores, people, folds)).tolist() == [0.5, 0.5]
    assert fold_accuracy(ScoredPairs(scores % 10, people, folds)).tolist() == [1, 1]


def test_fold_accuracy_needs_two_folds() -> None:
    with pytest.raises(DatasetError, match="two folds"):
        fold_accuracy(scored(SAME, DIFFERENT))


def test_the_interval_is_over_people_not_over_pairs() -> None:
    # Every person is either always recognised or never, whichever of the 45 pairs is asked for.
    labels = np.repeat(np.arange(20), 10)
    pairs = all_pairs(labels)
    known = pairs.people[:, 0] % 2 == 0
    answers = ScoredPairs(np.where(pairs.is_same & known, 1.0, 0.0), pairs.people, pairs.folds)

    def accepted(drawn: ScoredPairs) -> float:
        return float(np.mean(drawn.same > 0))

    bounds = interval(answers, accepted, seed=1)
    assert bounds is not None
    half = (bounds[1] - bounds[0]) / 2
    assert half == pytest.approx(1.96 * np.sqrt(0.25 / 20), rel=0.15)  # over 900 pairs it would be 0.03


def test_the_interval_is_the_same_for_the_same_seed() -> None:
    pairs = scored(np.random.default_rng(0).normal(1, 1, 50), np.random.default_rng(1).normal(0, 1, 50))
    statistic = lambda drawn: equal_error_rate(drawn.same, drawn.different)  # noqa: E731
    assert interval(pairs, statistic, draws=50, seed=3) == interval(pairs, statistic, draws=50, seed=3)
