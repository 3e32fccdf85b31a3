"""What is known of the face chain: thresholds, and the errors that they stand for. Numbers only, no photos or names."""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Self

from mlcore.errors import CheckpointError

CARD = Path(__file__).parent / "card.json"


@dataclass(frozen=True)
class Rate:
    """A share of pairs, and its 95 % interval over people."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold means: shares of strangers' pairs that pass (far), of one person's that are refused (frr)."""

    threshold: float
    far: Rate
    frr: Rate


@dataclass(frozen=True)
class ChosenThreshold:
    """A threshold for a stated false-accept rate, chosen on the calibration people.

    stated: the interval, over people, in which the rate lies among others.
    """

    far: float
    threshold: float
    stated: Rate


@dataclass(frozen=True, kw_only=True)
class FaceCard:
    """The face chain's card.

    embedder: package, version, file and SHA-256 of the weights. measured_on: how many people, pictures and pairs, in
    words. least_far: the smallest false-accept rate that so many people can tell from none. thresholds: chosen on the
    calibration people, for the offered rates that are measurable. points: measured on the test people, who took no part
    in choosing anything, from the lowest threshold to the highest. results: further figures, with their commands.
    """

    name: str
    detector: str
    embedder: dict[str, Any]
    score: str
    measured_on: str
    default_far: float
    offered_fars: tuple[float, ...]
    least_far: float
    thresholds: tuple[ChosenThreshold, ...]
    points: tuple[OperatingPoint, ...]
    limits: tuple[str, ...]
    results: dict[str, Any]
    command: str
    created: str

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values; raise CheckpointError naming what is wrong with them."""
        try:
            arguments = {**values}
            arguments["thresholds"] = tuple(
                ChosenThreshold(**{**threshold, "stated": Rate(**threshold["stated"])})
                for threshold in values["thresholds"]
            )
            arguments["points"] = tuple(
                OperatingPoint(point["threshold"], Rate(**point["far"]), Rate(**point["frr"]))
                for point in values["points"]
            )
            arguments |= {name: tuple(values[name]) for name in ("offered_fars", "limits")}
            card = cls(**arguments)
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"the card of the face chain is not complete: {error}") from error
        if not card.points or list(card.points) != sorted(card.points, key=lambda point: point.threshold):
            raise CheckpointError("the card of the face chain needs points, from the lowest threshold to the highest")
        return card

    @property
    def default_threshold(self) -> float:
        """Return the threshold of the default rate; raise CheckpointError if the card has none."""
        threshold = self.threshold_at(self.default_far)
        if threshold is None:
            raise CheckpointError("the card of the face chain has no threshold for its default rate")
        return threshold

    def threshold_at(self, far: float) -> float | None:
        """Return the threshold chosen for an offered rate; None if the rate is not measurable with so few people."""
        return next((chosen.threshold for chosen in self.thresholds if chosen.far == far), None)

    def threshold_among(self, n_people: int) -> float:
        """Return a threshold for "who of these n people is it?": the default rate shared among them, or the strictest.

        Each person of a gallery is one more stranger to be mistaken for.
        """
        far = self.default_far / max(n_people, 1)
        strictest = min(self.thresholds, key=lambda chosen: chosen.far)
        fitting = [chosen.threshold for chosen in self.thresholds if chosen.far <= far]
        return min(fitting, default=strictest.threshold)

    def rates_at(self, threshold: float) -> OperatingPoint:
        """Return what a threshold means, between the two nearest measured points; beyond the last, as at the last."""
        after = bisect_right(self.points, threshold, key=lambda point: point.threshold)
        if after in (0, len(self.points)):
            end = self.points[0 if after == 0 else -1]
            return OperatingPoint(threshold, end.far, end.frr)
        below, above = self.points[after - 1], self.points[after]
        share = (threshold - below.threshold) / (above.threshold - below.threshold)
        return OperatingPoint(threshold, _between(below.far, above.far, share), _between(below.frr, above.frr, share))

    def to_json(self) -> str:
        """Return the text of `card.json`."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def _between(first: Rate, second: Rate, share: float) -> Rate:
    return Rate(*((1 - share) * getattr(first, f.name) + share * getattr(second, f.name) for f in fields(Rate)))


def read_card(path: Path = CARD) -> FaceCard:
    """Read a card; raise CheckpointError if it is missing or damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"no readable card of the face chain at {path}: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"the card {path} is not an object")
    return FaceCard.from_dict(values)


@cache
def face_card() -> FaceCard:
    """Read the card that ships, once."""
    return read_card()
