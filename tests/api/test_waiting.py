"""Who may wait, and how long."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from django.conf import settings

from webapp.api import waiting
from webapp.api.waiting import WaitPlaces, wait_for
from webapp.jobs.models import JobStatus

from .belongings import Belongings


def free_places() -> int:
    """Count how many more could wait now."""
    with waiting.places.place() as may_wait:
        return 1 + free_places() if may_wait else 0


def test_half_the_web_threads_may_wait() -> None:
    assert free_places() == settings.GLIMPSE_WEB_THREADS // 2


def test_a_place_is_free_again_after_its_block() -> None:
    places = WaitPlaces(1)
    with places.place() as first, places.place() as second:
        assert (first, second) == (True, False)
    with pytest.raises(RuntimeError, match="inside"), places.place():
        raise RuntimeError("inside")
    with places.place() as again:
        assert again


def test_whoever_finds_no_place_is_answered_at_once(birds: Belongings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "places", WaitPlaces(0))
    birds.prediction.status = JobStatus.QUEUED
    birds.prediction.save()
    started = time.monotonic()
    assert wait_for(birds.prediction, seconds=10).status == JobStatus.QUEUED
    assert time.monotonic() - started < 1


def test_what_is_done_already_is_not_waited_for(birds: Belongings) -> None:
    started = time.monotonic()
    assert wait_for(birds.prediction, seconds=10).status == JobStatus.READY
    assert time.monotonic() - started < 1


def test_looks_start_fast_and_slow_down(birds: Belongings, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(seconds)

    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    birds.prediction.status = JobStatus.QUEUED
    birds.prediction.save()
    wait_for(birds.prediction, seconds=0.4)
    assert pauses[0] <= 0.01
    assert max(pauses) == pytest.approx(0.05)
    assert sum(pauses) < 0.45
