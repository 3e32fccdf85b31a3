"""How well scores tell people apart: ROC, error rates, LFW's ten-fold accuracy, and intervals over people.

Scores are (n,) float64, higher is more alike; a pair is accepted as one person where score >= threshold. FAR is the
share of different-person pairs that are accepted, FRR that of same-person pairs that are refused, TAR is 1 - FRR.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mlcore.errors import DatasetError
from mlcore.faces.verification.pairs import Bools, Floats, Ints, ScoredPairs

LEAST_ACCEPTED = 10
"""A false-accept rate is measurable where so many different-person pairs would be accepted at it.

Of ten accepts alone, chance moves the rate by a third (1 / sqrt(10)); of fewer it says next to nothing.
"""


@dataclass(frozen=True)
class Roc:
    """Error rates at every threshold that changes an answer, all (k,) float64: thresholds fall, far and tar rise."""

    thresholds: Floats
    far: Floats
    tar: Floats


def roc(same: Floats, different: Floats) -> Roc:
    """Return the receiver operating characteristic of same-person (n,) and different-person (m,) scores."""
    _refuse_empty(same, different)
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([same, different]))[::-1]])
    return Roc(thresholds, far=_accepted(different, thresholds), tar=_accepted(same, thresholds))


def _accepted(scores: Floats, thresholds: Floats) -> Floats:
    # A stable sort of what is sorted already takes no time, which the draws of `interval` live on.
    ordered = np.sort(scores, kind="stable")
    share: Floats = 1 - np.searchsorted(ordered, thresholds, side="left") / len(ordered)
    return share


def _refuse_empty(same: Floats, different: Floats) -> None:
    if not len(same) or not len(different):
        raise DatasetError("error rates need pairs of one person and pairs of two")


def error_rates(same: Floats, different: Floats, threshold: float) -> tuple[float, float]:
    """Return (FAR, FRR) at a threshold."""
    _refuse_empty(same, different)
    return float(np.mean(different >= threshold)), float(np.mean(same < threshold))


def is_measurable(far: float, n_different: int) -> bool:
    """Return whether so many different-person pairs can resolve a false-accept rate."""
    return far * n_different >= LEAST_ACCEPTED - 1e-9


def threshold_at(different: Floats, far: float) -> float | None:
    """Return the lowest threshold whose FAR is at most this; None where these pairs (m,) cannot resolve that rate."""
    if not is_measurable(far, len(different)):
        return None
    accepted = min(int(far * len(different) + 1e-9), len(different) - 1)
    strongest_refused = np.sort(different, kind="stable")[-1 - accepted]
    return float(np.nextafter(strongest_refused, np.inf))


def tar_at(same: Floats, different: Floats, far: float) -> float | None:
    """Return the share of same-person pairs accepted at a FAR; None where the pairs cannot resolve that rate."""
    _refuse_empty(same, different)
    threshold = threshold_at(different, far)
    return None if threshold is None else float(np.mean(same >= threshold))


def equal_error_rate(same: Floats, different: Floats) -> float:
    """Return the error rate at which FAR and FRR are equal, on the line between the two thresholds around it."""
    curve = roc(same, different)
    frr = 1 - curve.tar
    gap = curve.far - frr
    after = int(np.argmax(gap >= 0))
    before = after - 1
    share = -gap[before] / (gap[after] - gap[before])
    return float(frr[before] + share * (frr[after] - frr[before]))


def best_threshold(scores: Floats, same: Bools) -> float:
    """Return a threshold of the highest accuracy: scores (n,), same (n,). It lies midway between two scores."""
    falling = np.argsort(-scores, kind="stable")
    ordered, matches = scores[falling], same[falling]
    right = np.concatenate([[0], np.cumsum(np.where(matches, 1, -1))])  # by how many are accepted, less a constant
    limits = np.concatenate([[np.inf], (ordered[:-1] + ordered[1:]) / 2, [ordered[-1]]])
    can_part = np.concatenate([[True], ordered[:-1] > ordered[1:], [True]])
    best = np.flatnonzero(can_part & (right == right[can_part].max()))
    return float(limits[best[len(best) // 2]])


def fold_accuracy(pairs: ScoredPairs) -> Floats:
    """Return the accuracy of each fold at the threshold that is best on all other folds, (n_folds,).

    LFW's protocol (Huang et al., "Labeled Faces in the Wild", 2007) has ten folds and reports their mean. Folds without
    pairs are left out; raise DatasetError for fewer than two.
    """
    folds = np.unique(pairs.folds)
    if len(folds) < 2:
        raise DatasetError("fold accuracy needs pairs in two folds or more")
    return np.array([_accuracy_of(pairs, pairs.folds == fold) for fold in folds])


def _accuracy_of(pairs: ScoredPairs, held_out: Bools) -> float:
    threshold = best_threshold(pairs.scores[~held_out], pairs.is_same[~held_out])
    return accuracy_at(pairs.taken(np.flatnonzero(held_out)), threshold)


def accuracy_at(pairs: ScoredPairs, threshold: float) -> float:
    """Return the share of pairs that a threshold answers rightly."""
    return float(np.mean((pairs.scores >= threshold) == pairs.is_same))


Statistic = Callable[[ScoredPairs], float | None]


def interval(
    pairs: ScoredPairs, statistic: Statistic, *, draws: int = 1000, seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of a statistic, with people drawn anew; None where it is not measurable.

    Pairs that share a person are not independent, so people are drawn with replacement, not pairs: a same-person pair
    counts as often as its person was drawn, a different-person pair the product of its two people's counts: the vertex
    bootstrap (Fogliato, Patil & Perona, "Confidence intervals for error rates in 1:1 matching tasks", IJCV 2024).
    """
    if statistic(pairs) is None:
        return None
    ordered = pairs.taken(np.argsort(pairs.scores, kind="stable"))
    people = np.unique(ordered.people, return_inverse=True)[1].reshape(-1, 2)
    generator, n_people = np.random.default_rng(seed), int(people.max()) + 1
    drawn = (np.bincount(generator.integers(n_people, size=n_people), minlength=n_people) for _ in range(draws))
    values = [value for counts in drawn if (value := _redrawn(ordered, statistic, people, counts)) is not None]
    if len(values) < draws / 2:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _redrawn(pairs: ScoredPairs, statistic: Statistic, people: Ints, counts: Ints) -> float | None:
    """Return the statistic of one draw of people, numbered from 0 in `people` (n, 2), each counted in `counts`.

    None where it has no value.
    """
    weights = np.where(pairs.is_same, counts[people[:, 0]], counts[people[:, 0]] * counts[people[:, 1]])
    drawn = pairs.taken(np.repeat(np.arange(len(weights)), weights))
    enough = drawn.is_same.any() and not drawn.is_same.all()
    return statistic(drawn) if enough else None
