"""How often a classifier will be right, told from its own support set before anybody uses it. Standard library only.

Each picture is asked about by a classifier that was adapted without it (`leave_one_of_each_out`), so from one picture a
class less than the one that will be used. That one is wrong less often: over few-shot episodes errors shrink about as
1 / k_shot, and the share that was counted is shortened by as much. Around it lies Jeffreys' interval, the middle 95 %
of a beta distribution (Brown, Cai & DasGupta, "Interval estimation for a binomial proportion", Statistical Science
2001), which is never empty, even where all answers are right.

    expected = expectation([ClassCount(right=4, asked=5, k_shot=5), ...], n_rounds=5)
    expected.accuracy, expected.low, expected.high

With one picture a class nothing can be left out. `expectation_of_card` then tells how the checkpoint did in other
few-shot problems of that size: the mean, and between which shares 19 in 20 such problems lay, which is far wider than
the interval of the mean.

How often these intervals hold the truth, and what else was tried:

    python -m benchmarks.quality --kind photos --data-root DIR
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean
from typing import Any

Z = 1.96
"""Standard deviations to either side that hold 19 in 20."""
GRID = 4000
"""Shares at which a distribution is summed up."""
PROTOCOL = re.compile(r"(\d+)-way (\d+)-shot(?:, (\d+) episodes.*)?")
"""Plain protocols alone: other words make them harder or easier, or name a corruption."""


@dataclass(frozen=True)
class ClassCount:
    """What was answered about one class: how many were right of how many, and its pictures in the support set."""

    right: int
    asked: int
    k_shot: int

    def wrong(self, n_rounds: int) -> float:
        """Return the share, 0 to 1, that a classifier of all pictures will get wrong.

        n_rounds: how many classifiers shared the questions; each had not seen as many pictures as it was asked about.
        """
        left_out = math.ceil(self.asked / n_rounds)
        return (1 - self.right / self.asked) * (self.k_shot - left_out) / self.k_shot


@dataclass(frozen=True)
class Expectation:
    """How often new pictures will be named rightly, 0 to 1: the likeliest share, and where it lies 19 times in 20.

    low and high are whole hundredths, rounded outwards: as people are told them.
    """

    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class CardExpectation:
    """What a card tells of few-shot problems of a size: n_way classes with k_shot pictures each, on a data set.

    low, high: whole hundredths between which 19 in 20 such problems lay; None where the card does not tell.
    """

    n_way: int
    k_shot: int
    dataset: str
    accuracy: float
    low: float | None = None
    high: float | None = None


def expectation(counts: Iterable[ClassCount], *, n_rounds: int) -> Expectation | None:
    """Tell how often new pictures of classes that were asked about will be named rightly, if all come equally often.

    None where nothing was asked.
    """
    asked = [count for count in counts if count.asked]
    if not asked:
        return None
    share = 1 - fmean(count.wrong(n_rounds) for count in asked)
    n = len(asked) ** 2 / sum(1 / count.asked for count in asked)
    low, high = beta_interval(share * n + 0.5, (1 - share) * n + 0.5)
    return Expectation(share, 0.0 if share == 0 else low, 1.0 if share == 1 else high)


def expectation_of_card(results: Iterable[Mapping[str, Any]], *, n_way: int, k_shot: int) -> CardExpectation | None:
    """Tell what a card's results say of problems of so many pictures a class, and of as near a number of classes.

    None where they say nothing of such.
    """
    plain = [row for row in map(_plain_row, results) if row and row.k_shot == k_shot]
    return min(plain, key=lambda row: abs(math.log(row.n_way / n_way)), default=None)


def _plain_row(result: Mapping[str, Any]) -> CardExpectation | None:
    """Read a row of a card's results, if it is of a plain protocol."""
    protocol = PROTOCOL.fullmatch(result.get("protocol", ""))
    if not protocol or "accuracy" not in result or result.get("transductive"):
        return None
    n_way, k_shot, mean = max(int(protocol[1]), 1), int(protocol[2]), result["accuracy"]
    spread = _between_tasks(mean, result.get("ci95") or 0, result.get("episodes") or int(protocol[3] or 0))
    return CardExpectation(n_way, k_shot, result.get("dataset", ""), mean, *spread)


def _between_tasks(mean: float, ci95: float, episodes: int) -> tuple[float, float] | tuple[None, None]:
    """Return where 19 in 20 episodes lay, from the half-width of the interval of their mean, and their number."""
    variance = (ci95 / Z) ** 2 * episodes
    if not 0 < variance < mean * (1 - mean):
        return None, None
    precision = mean * (1 - mean) / variance - 1
    return beta_interval(mean * precision, (1 - mean) * precision)


def beta_interval(a: float, b: float) -> tuple[float, float]:
    """Return the middle 95 % of a beta distribution, in whole hundredths, rounded outwards."""
    shares = [(place + 0.5) / GRID for place in range(GRID)]
    logs = [(a - 1) * math.log(share) + (b - 1) * math.log(1 - share) for share in shares]
    largest = max(logs)
    sums = list(accumulate(math.exp(log - largest) for log in logs))
    low, high = (_quantile(shares, sums, part) for part in (0.025, 0.975))
    return math.floor(low * 100) / 100, math.ceil(high * 100) / 100


def _quantile(shares: Sequence[float], sums: Sequence[float], part: float) -> float:
    """Return the first share up to which a part of the whole sum lies."""
    return next(share for share, summed in zip(shares, sums, strict=True) if summed >= part * sums[-1])
