"""A worker's hold on one attempt of one job: its lease, its progress and its one final write."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from webapp.accounts.models import Owner

from .errors import Cancelled, JobError, LeaseLost
from .models import MAX_ATTEMPTS, Job, JobQuerySet, JobStatus, resend_wait, rows_of

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.5
J = TypeVar("J", bound=Job)


def lease_end() -> datetime:
    """Return when a lease that is taken or renewed now runs out."""
    return timezone.now() + timedelta(seconds=settings.GLIMPSE_JOBS["lease_seconds"])


class Claim(Generic[J]):
    """One attempt's hold on a job.

    Every write is fenced: it counts only while the row is running under this very attempt, raises `Cancelled` once the
    person has cancelled the job, and `LeaseLost` once the attempt has lost it. Put `finish` in the same
    `transaction.atomic` block as the rows it makes, and they are rolled back with it.
    """

    def __init__(self, job: J, worker: str, *, renewed: float | None = None) -> None:
        self.job = job
        self.worker = worker
        self._renewed = time.monotonic() if renewed is None else renewed
        self._stopped: JobError | None = None
        self._progress_written = 0.0

    def check(self) -> None:
        """Raise `Cancelled` or `LeaseLost` if this attempt is to stop; costs nothing, so call it often."""
        if self._stopped is not None:
            raise self._stopped

    def renew(self) -> None:
        """Extend the lease."""
        began = time.monotonic()
        self._write(lease_expires=lease_end())
        self._renewed = began

    @property
    def lease_left(self) -> float:
        """Return for how many seconds the lease is certain to hold, counted by this machine's own clock."""
        held: float = settings.GLIMPSE_JOBS["lease_seconds"]
        return held - (time.monotonic() - self._renewed)

    @property
    def owner(self) -> Owner:
        """Return whose the job is now; raise `LeaseLost` if they are gone with it."""
        owner = self.job.whose
        if owner is None:
            raise LeaseLost
        return owner

    def progress(self, fraction: float, text: str = "") -> None:
        """Report to the person how far the work is (0 to 1); writes at most twice a second."""
        self.check()
        if time.monotonic() - self._progress_written >= PROGRESS_SECONDS:
            self._progress_written = time.monotonic()
            self._write(progress=min(max(fraction, 0.0), 1.0), progress_text=text[:200])

    def note(self, **fields: Any) -> None:
        """Write fields of the job's own while it runs, so that its person can follow it."""
        self._write(**fields)

    def keep(self, **fields: Any) -> None:
        """Write what the next attempt can go on from; the attempts until now do not count against the job any more.

        It counts even when the job was cancelled meanwhile, so that stopping keeps what was done.
        """
        if not self._mine().update(max_attempts=self.job.attempt + MAX_ATTEMPTS, **fields):
            raise LeaseLost

    def give_way(
        self, *, until: datetime | None = None, text: str = "", behind_own: bool = False, **fields: Any
    ) -> None:
        """Queue the job again behind those of others, or not before ``until``; the work ends here, and nothing failed.

        The next attempt goes on from what ``fields`` keep. ``text`` tells the person why it waits. ``behind_own``: it
        counts as made now, so that those which its owner has made meanwhile come first.
        """
        if behind_own:
            fields["created"] = timezone.now()
        waits = {"sent_at": until and until - resend_wait(0), "times_sent": 0, "progress_text": text[:200]}
        free = {"status": JobStatus.QUEUED, "lease_owner": "", "lease_expires": None}
        self._write(max_attempts=self.job.attempt + MAX_ATTEMPTS, **free, **waits, **fields)

    def finish(self, **fields: Any) -> None:
        """Mark the job ready and write its result fields, in one statement."""
        self._write(status=JobStatus.READY, finished=timezone.now(), progress=1.0, progress_text="", **fields)

    def fail(self, code: str, message: str) -> None:
        """Mark the job failed, with a code for programs and a sentence for the person."""
        self._write(status=JobStatus.FAILED, finished=timezone.now(), error_code=code, error=message)

    def cancel(self) -> None:
        """Mark the job cancelled, as its person asked."""
        self._mine().update(status=JobStatus.CANCELLED, finished=timezone.now())

    def release(self) -> None:
        """Release the job unharmed, so that the sweeper hands it to another attempt at once."""
        self._write(lease_expires=timezone.now())

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renew the lease from a thread while the block runs."""
        done = threading.Event()
        thread = threading.Thread(target=self._beat, args=(done,), name=f"heartbeat-{self.job.pk}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _beat(self, done: threading.Event) -> None:
        """Renew until the work is done or this attempt is to stop."""
        try:
            while self._stopped is None and not done.wait(settings.GLIMPSE_JOBS["renew_seconds"]):
                self._renew_or_stop()
        finally:
            connection.close()

    def _renew_or_stop(self) -> None:
        """Renew once, and remember the reason if this attempt is to stop."""
        try:
            self.renew()
        except JobError as reason:
            self._stopped = reason
        except DatabaseError:
            logger.warning("The lease of job %s could not be renewed; trying again.", self.job.pk, exc_info=True)
            connection.close()

    def _mine(self) -> JobQuerySet[J]:
        """Return the job's row as long as it is running under this attempt."""
        row = rows_of(type(self.job)).filter(pk=self.job.pk, status=JobStatus.RUNNING)
        return row.filter(attempt=self.job.attempt, lease_owner=self.worker)

    def _write(self, **fields: Any) -> None:
        """Update the row if it is still this attempt's and not cancelled, or raise the reason."""
        if not self._mine().filter(cancel_requested=False).update(**fields):
            raise Cancelled if self._mine().exists() else LeaseLost
