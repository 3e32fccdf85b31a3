"""However long a run, the points of its curves are few, and spread over all of it."""

from __future__ import annotations

import itertools

from webapp.training.runs.worker.points import MOST, Point, thinned


def test_the_points_of_a_long_run_are_bounded_and_even() -> None:
    kept: list[Point] = []
    for step in range(1, 50_001):
        kept.append({"step": step, "loss": 1.0})
        if step % 50 == 0:
            kept.append({"step": step, "loss": 1.0, "accuracy": 0.5, "ci95": 0.1})
            kept = thinned(kept)
            assert len(kept) <= MOST
    measured = [point["step"] for point in kept if "accuracy" in point]
    gaps = [later - earlier for earlier, later in itertools.pairwise(measured)]
    assert len(measured) >= MOST // 4 - 2
    assert max(gaps) <= 3 * 50_000 / (MOST // 4)
    assert measured[-1] == 50_000
    assert [point["step"] for point in kept] == sorted(point["step"] for point in kept)


def test_a_short_run_keeps_every_point() -> None:
    points: list[Point] = [{"step": step, "loss": 1.0} for step in range(50)]
    assert thinned(points) == points
