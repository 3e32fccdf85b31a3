"""Everything that moves a job from one status to another, apart from what its own claim writes."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, models, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.core.errors import Refusal, UserError
from webapp.storage.addresses import StorageDown

from .broker import send_id
from .claims import Claim, lease_end
from .errors import Cancelled, JobFailed, LeaseLost
from .models import MAX_ATTEMPTS, Job, JobStatus, job_models, kinds_of_queue, rows_of

logger = logging.getLogger(__name__)

J = TypeVar("J", bound=Job)


def enqueue(job: Job) -> None:
    """Send the job to its queue once its transaction is committed; if the broker is down, `sweep` sends it later."""
    transaction.on_commit(lambda: send(job))


def send(job: Job) -> bool:
    """Send the job's id to its queue now, if it is the turn of this job of its owner; return False if the broker fails.

    Another waits until the one before it ends, which sends it (`send_next`), or the sweep does.
    """
    message = {"task_name": job.task_name, "queue": job.queue, "job_id": str(job.pk)}
    if not _take_turn(job) or send_id(**message, attempt=job.attempt):
        return True
    rows_of(type(job)).filter(pk=job.pk, status=JobStatus.QUEUED).update(sent_at=None)
    job.sent_at = None
    return False


def send_next(job: Job) -> None:
    """Send the next job of the same owner in the queue, now that this one has ended or given way."""
    if (owner := job.whose) is None:
        return
    for kind in kinds_of_queue(job.queue):
        waiting = rows_of(kind).filter(status=JobStatus.QUEUED, sent_at=None, **{kind.owner_path(): owner})
        for following in waiting.whose_turn_it_is():
            send(following)


@transaction.atomic
def _take_turn(job: Job) -> bool:
    """Write down that a queued job is sent, unless another of its owner comes before it, or it was tried meanwhile."""
    if (owner := job.whose) is not None:
        Owner.objects.hold(owner)
    now = timezone.now()
    mine = rows_of(type(job)).filter(pk=job.pk, status=JobStatus.QUEUED, attempt=job.attempt)
    if not mine.whose_turn_it_is().update(sent_at=now, times_sent=F("times_sent") + 1):
        return False
    job.sent_at = now
    return True


def others_wait(job: Job) -> bool:
    """Return whether anybody else's job waits in the queue for a worker."""
    now = timezone.now()
    return any(
        rows_of(kind)
        .filter(status=JobStatus.QUEUED, sent_at__lte=now)
        .exclude(**{kind.owner_path(): job.whose})
        .exists()
        for kind in kinds_of_queue(job.queue)
    )


def anybody_waits(job: Job) -> bool:
    """Return whether anybody's job waits for this one to end or give way, its owner's own included."""
    path_of = ((kind, kind.owner_path()) for kind in kinds_of_queue(job.queue))
    own = (rows_of(kind).filter(status=JobStatus.QUEUED, **{path: job.whose}) for kind, path in path_of if path)
    return others_wait(job) or any(rows.exclude(pk=job.pk).exists() for rows in own)


def take_place(owner: Owner, queue: str) -> None:
    """Hold the owner, and raise UserError if as many of their jobs wait or run in the queue as may.

    Call it in the transaction that makes the job, so that no two requests take one place. Raise UserError as well for
    a guest who has signed in meanwhile.
    """
    if not Owner.objects.hold(owner):
        raise UserError("changed_meanwhile", _("You have signed in meanwhile. Do this once more."))
    require_place(owner, queue)


def require_place(owner: Owner, queue: str) -> None:
    """Raise UserError if as many of the owner's jobs wait or run in the queue as may."""
    kinds = (kind for kind in kinds_of_queue(queue) if kind.owner_path())
    n_active = sum(rows_of(kind).active().filter(**{kind.owner_path(): owner}).count() for kind in kinds)
    limit = settings.GLIMPSE_LIMITS["active_jobs"]
    if n_active >= limit:
        message = _("%(n)d of your jobs wait or run already. Try again when one has ended.") % {"n": limit}
        raise UserError("too_many_jobs", message)


def cancel(job: Job) -> None:
    """Cancel the job at once if it is queued, or ask its worker to stop; a job that has ended stays as it is."""
    queued = models.Q(status=JobStatus.QUEUED)
    rows_of(type(job)).filter(pk=job.pk).active().update(
        cancel_requested=True,
        status=Case(When(queued, then=Value(JobStatus.CANCELLED)), default=F("status")),
        finished=Case(When(queued, then=timezone.now()), default=F("finished")),
    )
    job.refresh_from_db(fields=["status", "finished", "cancel_requested"])
    transaction.on_commit(lambda: send_next(job))


def fail(job: Job, *, code: str, message: str) -> None:
    """Fail a job from outside, because its work must not go on; a worker at work on it loses its lease, and ends."""
    ended = {"status": JobStatus.FAILED, "finished": timezone.now(), "error_code": code, "error": message}
    rows_of(type(job)).filter(pk=job.pk).active().update(**ended)
    transaction.on_commit(lambda: send_next(job))


def requeue(job: Job) -> bool:
    """Queue a cancelled or failed job once more, for a kind of job that can go on; say whether it was one.

    Its attempts go on being counted, so that no earlier one can take itself for the new one, and as many are allowed
    as at first.
    """
    ended = rows_of(type(job)).filter(pk=job.pk, status__in=(JobStatus.CANCELLED, JobStatus.FAILED))
    afresh = {"sent_at": None, "times_sent": 0, "lease_owner": "", "finished": None, "cancel_requested": False}
    silent = {"error": "", "error_code": "", "progress_text": ""}
    if not ended.update(status=JobStatus.QUEUED, max_attempts=F("attempt") + MAX_ATTEMPTS, **afresh, **silent):
        return False
    job.refresh_from_db()
    enqueue(job)
    return True


def claim(model: type[J], job_id: uuid.UUID | str, worker: str, attempt: int | None = None) -> Claim[J] | None:
    """Take the queued job for one attempt, or return None if there is nothing to do: a message may come twice.

    attempt: how many there were when the message was sent. One that is late counts for none of the next attempts, so
    that a job which gives way has one place in its queue. Messages of earlier releases do not say.
    """
    claimed = rows_of(model).filter(pk=job_id, status=JobStatus.QUEUED).first()
    if claimed is None or attempt not in (None, claimed.attempt):
        return None
    began = time.monotonic()
    taken = {"status": JobStatus.RUNNING, "attempt": claimed.attempt + 1, "lease_owner": worker}
    times = {"lease_expires": lease_end(), "started": timezone.now()}
    mine = rows_of(model).filter(pk=job_id, status=JobStatus.QUEUED, attempt=claimed.attempt)
    if not mine.update(progress=0.0, progress_text="", **taken, **times):
        return None
    for field, value in {**taken, **times}.items():
        setattr(claimed, field, value)
    return Claim(claimed, worker, renewed=began)


def run_claimed(
    model: type[J], job_id: uuid.UUID | str, work: Callable[[Claim[J]], None], attempt: int | None = None
) -> None:
    """Claim the job and do its work under a heartbeat; does nothing where the job is not to be done (any more).

    `work` ends with `claim.finish(...)`, calls `claim.check()` or `claim.progress(...)` often, and raises `JobFailed`
    or `UserError` for what the person can mend. Any other error is ours: it is logged under the job's id.
    """
    held = claim(model, job_id, worker_name(), attempt)
    if held is None:
        logger.info("Nothing to do for job %s.", job_id)
        return
    with held.heartbeat():
        try:
            _work(held, work)
        except Cancelled:
            held.cancel()
        except LeaseLost:
            logger.warning("Attempt %s of job %s is not the current one any more.", held.job.attempt, job_id)
    send_next(held.job)


def _work(held: Claim[J], work: Callable[[Claim[J]], None]) -> None:
    """Do the work and write down how it failed, if it did."""
    try:
        work(held)
    except (Cancelled, LeaseLost):
        raise
    except StorageDown as trouble:
        logger.exception("The storage failed job %s.", held.job.pk)
        held.fail(trouble.code, trouble.message)
    except (JobFailed, Refusal) as failure:
        held.fail(failure.code, failure.message)
    except (OperationalError, InterfaceError):
        logger.exception("The database failed job %s; it is tried again.", held.job.pk)
        held.release()
    except Exception:
        logger.exception("Job %s failed, and it is our fault.", held.job.pk)
        held.fail("internal", _("Something went wrong on our side. It is logged under %(id)s.") % {"id": held.job.pk})


def worker_name() -> str:
    """Return a name that no other worker process has."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}"


def sweep() -> None:
    """Bring back every job that its message or its worker has lost."""
    for model in job_models():
        _settle_lapsed(model)
    for job in _due_to_send():
        if not send(job):
            break


def _settle_lapsed(model: type[J]) -> None:
    """Cancel, fail or queue again the jobs whose worker is gone."""
    now = timezone.now()
    lapsed = rows_of(model).lapsed(now)
    if not lapsed.exists():
        return  # the usual case: no write, so that nobody waits for a lock
    lapsed.filter(cancel_requested=True).update(status=JobStatus.CANCELLED, finished=now)
    error = _("Every attempt at this broke off because the program working on it stopped, so it is not tried again.")
    lapsed.filter(attempt__gte=F("max_attempts")).update(
        status=JobStatus.FAILED, finished=now, error_code="worker_lost", error=error
    )
    lapsed.update(status=JobStatus.QUEUED, sent_at=None, times_sent=0, lease_owner="", progress_text="")


def _due_to_send() -> Iterator[Job]:
    """Yield the queued jobs whose message is to be sent now."""
    now = timezone.now()
    for model in job_models():
        due = rows_of(model).maybe_unsent(now).whose_turn_it_is()
        yield from (job for job in due if job.is_due_to_send(now))
