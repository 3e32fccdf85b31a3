"""What the curves of a run are drawn of: a bounded number of points, however long the run."""

from __future__ import annotations

from typing import Any

Point = dict[str, Any]  # step, and loss, accuracy, ci95 where they were measured
MOST = 200
"""How many points a run keeps: half with a validation, half without."""


def thinned(points: list[Point]) -> list[Point]:
    """Drop points once there are too many, of validations and of steps alike: even gaps stay, and the newest."""
    validations = [point for point in points if "accuracy" in point]
    steps = [point for point in points if "accuracy" not in point]
    return sorted(_at_most(validations, MOST // 2) + _at_most(steps, MOST // 2), key=lambda point: int(point["step"]))


def _at_most(points: list[Point], limit: int) -> list[Point]:
    if len(points) <= limit:
        return points
    gap = points[-1]["step"] / (limit // 2)
    return list({int(point["step"] / gap): point for point in points}.values())[-limit:]
