"""Draws of pairs: none twice, every person alike, folds that share nobody where that is asked for."""

import numpy as np
import pytest

from mlcore.errors import DatasetError
from mlcore.faces.verification.pairs import Pairs, all_pairs, draw_pairs, fold_pairs, many_pairs

LABELS = np.repeat(np.arange(12), 6)


def appearances(pairs: Pairs, *, same: bool) -> np.ndarray:
    """Count how often each person appears."""
    people = pairs.people[pairs.is_same == same]
    return np.bincount(people[:, 0] if same else people.ravel(), minlength=12)


def test_all_pairs_are_each_made_once() -> None:
    pairs = all_pairs(LABELS)
    assert len(pairs.first) == 72 * 71 // 2
    assert pairs.is_same.sum() == 12 * 15
    assert (pairs.first != pairs.second).all()


def test_every_person_appears_alike_and_no_pair_twice() -> None:
    pairs = draw_pairs(LABELS, n_same=100, n_different=120, seed=0)
    assert pairs.is_same.sum() == 100
    assert len({tuple(sorted(row)) for row in zip(pairs.first, pairs.second, strict=True)}) == 220
    assert np.ptp(appearances(pairs, same=True)) <= 1
    assert np.ptp(appearances(pairs, same=False)) <= 3
    assert (LABELS[pairs.first] == pairs.people[:, 0]).all()
    assert (LABELS[pairs.second] == pairs.people[:, 1]).all()


def test_people_with_one_picture_make_no_pair_of_their_own() -> None:
    pairs = draw_pairs(np.array([0, 0, 1, 2]), n_same=1, n_different=3, seed=0)
    assert pairs.people[pairs.is_same].tolist() == [[0, 0]]


def test_folds_share_nobody_where_they_must_not() -> None:
    pairs = draw_pairs(LABELS, n_same=60, n_different=60, seed=0, n_folds=4, disjoint=True)
    of = [set(pairs.people[pairs.folds == fold].ravel().tolist()) for fold in range(4)]
    assert sum(map(len, of)) == len(set.union(*of)) == 12
    assert np.bincount(pairs.folds).tolist() == [30, 30, 30, 30]
    assert np.bincount(pairs.folds[pairs.is_same]).tolist() == [15, 15, 15, 15]


def test_a_seed_always_draws_the_same() -> None:
    one, other = (draw_pairs(LABELS, n_same=20, n_different=20, seed=5, n_folds=10) for _ in range(2))
    assert (one.first == other.first).all()
    assert (one.second == other.second).all()
    assert not (one.first == draw_pairs(LABELS, n_same=20, n_different=20, seed=6, n_folds=10).first).all()


def test_more_pairs_than_there_are_is_refused() -> None:
    with pytest.raises(DatasetError, match="too few pairs"):
        draw_pairs(LABELS, n_same=12 * 15 + 1, n_different=1, seed=0)
    with pytest.raises(DatasetError, match="too few pairs"):
        draw_pairs(LABELS[:6], n_same=1, n_different=1, seed=0)


def test_scores_are_cosines() -> None:
    pairs = all_pairs(np.array([0, 0, 1]))
    scored = pairs.scored(np.array([[3.0, 0], [0, 2], [1, 1]]))
    assert scored.scores.tolist() == pytest.approx([0, np.sqrt(0.5), np.sqrt(0.5)])
    assert scored.same.tolist() == [0]


def test_all_pairs_are_taken_where_they_are_not_too_many() -> None:
    assert len(many_pairs(LABELS, seed=0).first) == 72 * 71 // 2
    few = many_pairs(LABELS, seed=0, limit=200)
    assert (few.is_same.sum(), (~few.is_same).sum()) == (12 * 15, 200)


def test_folds_hold_as_many_pairs_of_one_person_as_of_two() -> None:
    pairs = fold_pairs(LABELS, seed=0, n_folds=3)
    assert np.bincount(pairs.folds).tolist() == [108, 108, 108]  # nine tenths of 4 people's 60 pairs, twice
    assert np.bincount(pairs.folds[pairs.is_same]).tolist() == [54, 54, 54]
    assert len(np.unique(fold_pairs(LABELS[:30], seed=0).folds)) == 2  # of five people
    with pytest.raises(DatasetError, match="four people"):
        fold_pairs(LABELS[:18], seed=0)
