"""Who may wait, and how long."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.fake_clock import FakeClock
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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Let whoever waits pause on a clock of the test's own."""
    clock = FakeClock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


def test_whoever_finds_no_place_is_answered_at_once(
    birds: Belongings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "places", WaitPlaces(0))
    birds.prediction.status = JobStatus.QUEUED
    birds.prediction.save()
    assert wait_for(birds.prediction, seconds=10).status == JobStatus.QUEUED
    assert clock.pauses == []


def test_what_is_done_already_is_not_waited_for(birds: Belongings, clock: FakeClock) -> None:
    assert wait_for(birds.prediction, seconds=10).status == JobStatus.READY
    assert clock.pauses == []


def test_looks_start_fast_slow_down_and_end_with_the_time(birds: Belongings, clock: FakeClock) -> None:
    birds.prediction.status = JobStatus.QUEUED
    birds.prediction.save()
    assert wait_for(birds.prediction, seconds=0.45).status == JobStatus.QUEUED
    growing = [0.005 * 1.15**look for look in range(17)]  # the eighteenth would be 0.0538
    assert clock.pauses == pytest.approx([*growing, 0.05, 0.05, 0.35 - sum(growing)])
