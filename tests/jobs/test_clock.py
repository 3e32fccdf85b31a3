"""The clock calls each chore on its own beat, whatever the others do."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from celery import current_app

from tests.running import wait_until
from tests.stack import Stack
from webapp.jobs import tasks
from webapp.jobs.clock import Clock

CALLS: Counter[str] = Counter()
RELEASED = threading.Event()
HERE = "tests.jobs.test_clock"


class NeverTicks(Clock):
    """A clock that only notes that it was started."""

    started: ClassVar[list[Mapping[str, float]]] = []

    def __init__(self, chores: Mapping[str, float]) -> None:
        self._chores = chores

    def start(self) -> None:
        """Note the chores."""
        self.started.append(self._chores)


def quick() -> None:
    """Count a call."""
    CALLS["quick"] += 1


def slow() -> None:
    """Count a call, then wait."""
    CALLS["slow"] += 1
    RELEASED.wait(10)


def broken() -> None:
    """Count a call, then fail."""
    CALLS["broken"] += 1
    raise RuntimeError("this chore always fails")


def test_a_slow_or_failing_chore_delays_no_other() -> None:
    chores = {f"{HERE}.quick": 0.01, f"{HERE}.slow": 0.01, f"{HERE}.broken": 0.01, f"{HERE}.missing": 0.01}
    clock = Clock(chores)
    running = threading.Thread(target=clock.run)
    running.start()
    wait_until(lambda: CALLS["quick"] >= 5 and CALLS["broken"] >= 5, what="the fifth call")
    assert CALLS["slow"] == 1
    clock.stop()
    RELEASED.set()
    running.join(10)
    assert not running.is_alive()


def test_a_process_of_a_worker_does_the_chores_of_its_queues_first_and_then_again(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    CALLS.clear()
    settings.GLIMPSE_WORKER_CLOCK = {
        "staff": {f"{HERE}.broken": 0.01, f"{HERE}.quick": 0.01},
        "training": {f"{HERE}.slow": 0.01},
    }
    monkeypatch.setattr(tasks, "Clock", NeverTicks)
    monkeypatch.setattr(current_app.amqp.queues, "_consume_from", {"staff": None})
    tasks.start_clock()
    assert CALLS == {"broken": 1, "quick": 1}
    assert NeverTicks.started == [settings.GLIMPSE_WORKER_CLOCK["staff"]]


def test_a_clock_beside_jobs_does_not_keep_its_process_from_ending() -> None:
    clock = Clock({f"{HERE}.quick": 60})
    clock.start()
    assert all(thread.daemon for thread in clock._threads)
    clock.stop()


def test_the_command_ends_soon_after_sigterm(embedded_site: Stack) -> None:
    clock = embedded_site.start_clock()
    clock.wait_for(lambda: "The clock runs" in clock.log.read_text())
    os.kill(clock.pid, signal.SIGTERM)
    wait_until(lambda: not clock.is_running(), what="the end of the clock")
