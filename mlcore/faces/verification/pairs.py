"""Pairs of face pictures, and draws of them in which every person counts alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

from mlcore.errors import DatasetError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PATIENCE = 100
"""Rounds of drawing in a row that may bring no new pair."""
MOST_PAIRS = 50_000
"""Pairs of each sort that are enough: at a false-accept rate of 1e-3 these are 50 accepts."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of pictures, by row.

    first, second: (n,) int64 rows. people: (n, 2) int64, whom they show. folds: (n,) int64, for `fold_accuracy`.
    """

    first: Ints
    second: Ints
    people: Ints
    folds: Ints

    @property
    def is_same(self) -> Bools:
        """Return for each pair whether it shows one person, (n,)."""
        one_person: Bools = self.people[:, 0] == self.people[:, 1]
        return one_person

    def scored(self, embeddings: NDArray[np.floating]) -> "ScoredPairs":
        """Score every pair by the cosine of its embeddings, (pictures, dimensions)."""
        unit = np.asarray(embeddings, dtype=np.float64)
        unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
        scores = np.einsum("nd,nd->n", unit[self.first], unit[self.second])
        return ScoredPairs(scores, self.people, self.folds)


@dataclass(frozen=True)
class ScoredPairs:
    """Scores (n,) float64, higher is more alike, with people (n, 2) and folds (n,) as in `Pairs`."""

    scores: Floats
    people: Ints
    folds: Ints

    def __post_init__(self) -> None:
        if not np.isfinite(self.scores).all():
            raise DatasetError("some pairs have a score that is not a number")

    @property
    def is_same(self) -> Bools:
        """Return for each pair whether it shows one person, (n,)."""
        one_person: Bools = self.people[:, 0] == self.people[:, 1]
        return one_person

    @property
    def same(self) -> Floats:
        """Return the scores of same-person pairs."""
        return self.scores[self.is_same]

    @property
    def different(self) -> Floats:
        """Return the scores of different-person pairs."""
        return self.scores[~self.is_same]

    def taken(self, rows: Ints) -> "ScoredPairs":
        """Return the pairs of these rows, which may repeat."""
        return ScoredPairs(self.scores[rows], self.people[rows], self.folds[rows])


def all_pairs(labels: Ints) -> Pairs:
    """Return every pair of pictures once, from the person of each picture (pictures,)."""
    labels = np.asarray(labels)
    first, second = np.triu_indices(len(labels), k=1)
    return Pairs(first, second, np.stack([labels[first], labels[second]], 1), np.zeros(len(first), np.int64))


def draw_pairs(
    labels: Ints, *, n_same: int, n_different: int, seed: int, n_folds: int = 1, disjoint: bool = False
) -> Pairs:
    """Draw pairs at random, none twice, with every person as often as any other where there are pairs enough.

    labels: (pictures,) who is on each. The folds hold equally many pairs of both sorts. disjoint: partition the people
    into the folds first and draw within each, as the ten sets of LFW's view 2 were made (Huang et al., "Labeled Faces
    in the Wild", 2007). Raise DatasetError if there are not so many pairs.
    """
    labels, draw = np.asarray(labels, dtype=np.int64), np.random.default_rng(seed)
    groups = _partition(labels, n_folds if disjoint else 1, draw)
    rows: list[tuple[int, int]] = []
    folds: list[int] = []
    for source, n_pairs in ((_same_pairs, n_same), (_different_pairs, n_different)):
        for place, group in enumerate(groups):
            share = n_pairs // len(groups) + (place < n_pairs % len(groups))
            rows += _first(share, source(_pictures(labels, group), draw), n_people=len(group))
            folds += [place] * share if disjoint else draw.permutation(np.arange(share) % n_folds).tolist()
    pairs = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return Pairs(pairs[:, 0], pairs[:, 1], labels[pairs], np.array(folds, dtype=np.int64))


def _pictures(labels: Ints, people: Ints) -> list[Ints]:
    return [np.flatnonzero(labels == person) for person in people]


def _first(size: int, pairs: Iterator[tuple[int, int]], *, n_people: int) -> list[tuple[int, int]]:
    drawn = list(islice(pairs, size))
    if len(drawn) < size:
        raise DatasetError(f"these {n_people} people give too few pairs: {len(drawn)}, where {size} are asked for")
    return drawn


def _same_pairs(pictures: list[Ints], draw: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Yield pairs person by person in turn, none twice, until there is none left."""
    left = [draw.permutation(list(combinations(rows, 2))).tolist() for rows in pictures]
    while left := [pairs for pairs in left if pairs]:
        for place in draw.permutation(len(left)):
            one, other = left[place].pop()
            yield one, other


def _different_pairs(pictures: list[Ints], draw: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Yield pairs from random matchings of the people, none twice, until `PATIENCE` matchings bring no new one."""
    drawn: set[tuple[int, int]] = set()
    fruitless = 0
    while len(pictures) > 1 and fruitless < PATIENCE:
        before, shuffled = len(drawn), draw.permutation(len(pictures))
        for one, other in zip(shuffled[::2], shuffled[1::2], strict=False):
            pair = (int(draw.choice(pictures[one])), int(draw.choice(pictures[other])))
            if pair not in drawn and pair[::-1] not in drawn:
                drawn.add(pair)
                yield pair
        fruitless = 0 if len(drawn) > before else fruitless + 1


def many_pairs(labels: Ints, *, seed: int, limit: int = MOST_PAIRS) -> Pairs:
    """Return every pair, or draw at most `limit` of each sort where there are more."""
    labels = np.asarray(labels, dtype=np.int64)
    n_same, n_different = _capacities(_pictures(labels, np.unique(labels)))
    if max(n_same, n_different) <= limit:
        return all_pairs(labels)
    return draw_pairs(labels, n_same=min(n_same, limit), n_different=min(n_different // 2, limit), seed=seed)


def fold_pairs(labels: Ints, *, seed: int, n_folds: int = 10, limit: int = 300) -> Pairs:
    """Draw folds that share no person, each with as many pairs of one person as of two, at most `limit`: 300 in LFW.

    Few people make fewer folds, few pictures fewer pairs. Raise DatasetError for fewer than four people.
    """
    labels = np.asarray(labels, dtype=np.int64)
    n_folds = min(n_folds, len(np.unique(labels)) // 2)
    if n_folds < 2:
        raise DatasetError("folds that share no person need four people or more")
    groups = _partition(labels, n_folds, np.random.default_rng(seed))
    share = min(limit, *(int(0.9 * min(_capacities(_pictures(labels, group)))) for group in groups))
    n_pairs = share * n_folds
    return draw_pairs(labels, n_same=n_pairs, n_different=n_pairs, seed=seed, n_folds=n_folds, disjoint=True)


def _partition(labels: Ints, n_folds: int, draw: np.random.Generator) -> list[Ints]:
    """Partition the people at random, into groups of equal size where that is possible."""
    return np.array_split(draw.permutation(np.unique(labels)), n_folds)


def _capacities(pictures: list[Ints]) -> tuple[int, int]:
    """Count the pairs of one person, and those of two."""
    counts = np.array([len(rows) for rows in pictures])
    same = int((counts * (counts - 1)).sum()) // 2
    return same, int(counts.sum() * (counts.sum() - 1)) // 2 - same
