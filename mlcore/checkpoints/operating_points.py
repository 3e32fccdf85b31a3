"""What a card says of strangers: which familiarity is too little, and what that costs. Standard library only."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import harmonic_mean
from typing import Any, Self

REFUSED = (0.01, 0.02, 0.05, 0.1, 0.2)
"""The shares of pictures of the classes that may be turned away, of which one is chosen."""
USUAL = 0.05
PASSED = 0.08
"""The share of strangers that may be called sure: under the 1 in 10 that is promised, for what chance adds."""


@dataclass(frozen=True)
class Refusal:
    """Below `threshold` a picture is of none of the classes.

    refused: the share of the classes' own pictures of which that is said, wrongly. passed: the share of strangers of
    which it is not. Both 0..1.
    """

    refused: float
    threshold: float
    passed: float


@dataclass(frozen=True)
class OperatingPoint:
    """What was measured at n_way classes of k_shot pictures, in episodes of classes never trained on.

    auroc: how often a picture of the classes is more familiar than a stranger, 0..1. sure_above: the familiarity that
    an answer needs to be called sure; `kept` of the classes' own pictures have it, and `PASSED` of the strangers.
    """

    n_way: int
    k_shot: int
    auroc: float
    sure_above: float
    kept: float
    refusals: tuple[Refusal, ...]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from the plain values of a card."""
        return cls(**{**values, "refusals": tuple(Refusal(**refusal) for refusal in values["refusals"])})

    def refusal(self, refused: float = USUAL) -> Refusal:
        """Return the refusal whose share of the classes' own pictures is nearest to this."""
        return min(self.refusals, key=lambda refusal: abs(refusal.refused - refused))


def point_for(points: Sequence[Mapping[str, Any]], shots: Sequence[int]) -> OperatingPoint:
    """Return the point that was measured nearest to a support set, by the ratios of its ways and shots.

    points: plain values of a card, one at least. shots: the pictures of each class; their harmonic mean counts.
    """
    ways, k_shot = math.log(len(shots)), math.log(harmonic_mean(shots))
    nearest = min(
        points, key=lambda point: abs(math.log(point["n_way"]) - ways) + abs(math.log(point["k_shot"]) - k_shot)
    )
    return OperatingPoint.from_dict(nearest)
