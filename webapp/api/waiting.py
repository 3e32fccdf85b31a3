"""Waiting for a job inside a request, without ever letting those who wait take the whole site."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.conf import settings

from webapp.jobs.models import Job

FIRST_LOOK = 0.005
"""Seconds until the first look at the row."""
SLOWEST_LOOK = 0.05
"""Seconds between looks once the job takes long."""
SLOWING = 1.15
"""Each pause by the one before it: an answer that took long is found a seventh of its time later at most."""

J = TypeVar("J", bound=Job)


class WaitPlaces:
    """The web threads of this process that may wait at once."""

    def __init__(self, places: int) -> None:
        self._free = threading.Semaphore(places)

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Yield whether a place was free, and hold it for the block."""
        taken = self._free.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._free.release()


places = WaitPlaces(settings.GLIMPSE_WEB_THREADS // 2)


def wait_for(job: J, *, seconds: float) -> J:
    """Return the job once it is done, or as it stands when the time is up or too many wait already."""
    if seconds <= 0:
        return job
    with places.place() as may_wait:
        if may_wait:
            _poll(job, until=time.monotonic() + seconds)
    return job


def _poll(job: Job, *, until: float) -> None:
    """Poll the row, ever more slowly, until its job is done or the time is up."""
    pause = FIRST_LOOK
    while job.is_active and (left := until - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        job.refresh_from_db(fields=["status"])
        pause = min(pause * SLOWING, SLOWEST_LOOK)
    job.refresh_from_db()
