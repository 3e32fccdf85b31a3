"""The abstract job: a row that is the truth about one piece of work."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import ClassVar, Self, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext


class JobStatus(models.TextChoices):
    """Where a job stands.

    queued    -> running    a worker claims it
    queued    -> cancelled  the person cancels it before it starts
    queued    -> failed     its work must not be done any more (`services.fail`)
    running   -> ready      its work succeeds
    running   -> failed     its work cannot succeed or must not go on, or its attempts are used up
    running   -> cancelled  the person cancels it, and its worker stops
    running   -> queued     its worker is lost, and attempts are left
    cancelled -> queued     a person lets a job go on that can (`services.requeue`)
    failed    -> queued     likewise, once the reason is mended
    `ready` is final, and so are `failed` and `cancelled` for every kind of job that cannot go on.
    """

    QUEUED = "queued", gettext_lazy("queued")
    RUNNING = "running", gettext_lazy("running")
    READY = "ready", gettext_lazy("ready")
    FAILED = "failed", gettext_lazy("failed")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


ACTIVE = (JobStatus.QUEUED, JobStatus.RUNNING)
MAX_ATTEMPTS = 3
MAX_RESEND_DOUBLINGS = 6
J = TypeVar("J", bound="Job")


class JobQuerySet(models.QuerySet[J]):
    """Reads that every kind of job shares."""

    def active(self) -> Self:
        """Keep the jobs that are queued or running."""
        return self.filter(status__in=ACTIVE)

    def lapsed(self, now: datetime) -> Self:
        """Keep the running jobs whose worker stopped renewing its lease."""
        return self.filter(status=JobStatus.RUNNING, lease_expires__lt=now)

    def maybe_unsent(self, now: datetime) -> Self:
        """Keep the queued jobs whose message was never sent, or may have been lost since."""
        overdue = models.Q(sent_at__isnull=True) | models.Q(sent_at__lt=now - resend_wait(1))
        return self.filter(overdue, status=JobStatus.QUEUED).order_by("created")


class Job(models.Model):
    """One piece of work that a worker does, whatever becomes of brokers and processes meanwhile.

    A subclass adds its input and result fields, names its Celery task, and makes `objects` of a `JobQuerySet`.
    Only `webapp.jobs` writes the fields below.
    """

    queue: ClassVar[str] = "interactive"
    task_name: ClassVar[str]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=9, choices=JobStatus.choices, default=JobStatus.QUEUED, editable=False)
    attempt = models.PositiveSmallIntegerField(default=0, editable=False)
    max_attempts = models.PositiveSmallIntegerField(default=MAX_ATTEMPTS, editable=False)
    lease_owner = models.CharField(max_length=128, default="", blank=True, editable=False)
    lease_expires = models.DateTimeField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    times_sent = models.PositiveSmallIntegerField(default=0, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    started = models.DateTimeField(null=True, blank=True, editable=False)
    finished = models.DateTimeField(null=True, blank=True, editable=False)
    cancel_requested = models.BooleanField(default=False, editable=False)
    progress = models.FloatField(default=0.0, editable=False)
    progress_text = models.CharField(max_length=200, default="", blank=True, editable=False)
    error_code = models.CharField(max_length=64, default="", blank=True, editable=False)
    error = models.TextField(default="", blank=True, editable=False)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["status", "lease_expires"], name="%(class)s_due")]

    @property
    def is_active(self) -> bool:
        """Return whether the job is still queued or running."""
        return self.status in ACTIVE

    @property
    def status_sentence(self) -> str:
        """Return in words for the person how the job stands."""
        match self.status:
            case JobStatus.QUEUED if self.sent_at is None:
                return _("Busy, queued: this starts by itself as soon as it can.")
            case JobStatus.QUEUED:
                return self._place_in_queue()
            case JobStatus.RUNNING if self.cancel_requested:
                return _("Stopping.")
            case JobStatus.RUNNING:
                return self.progress_text or _("Working.")
            case JobStatus.READY:
                return _("Ready.")
            case JobStatus.CANCELLED:
                return _("Cancelled.")
            case _status:
                return self.error

    def _place_in_queue(self) -> str:
        """Return in words how many jobs come before this one: those of its queue that were made earlier.

        All kinds are counted in one query, since pages and programs ask again and again.
        """
        ahead = models.Q(status=JobStatus.QUEUED, created__lt=self.created) | models.Q(status=JobStatus.RUNNING)
        queue = [rows_of(model).filter(ahead) for model in job_models() if model.queue == self.queue]
        counts = [rows.order_by().values_list("status").annotate(n=models.Count("pk")) for rows in queue]
        n_jobs = Counter[str]()
        for status, n in counts[0].union(*counts[1:], all=True):
            n_jobs[status] += n
        if before := n_jobs[JobStatus.QUEUED]:
            sentence = "Queued: %(n)d other comes before this.", "Queued: %(n)d others come before this."
            return ngettext(*sentence, before) % {"n": before}
        if n_jobs[JobStatus.RUNNING]:
            return _("Queued: this is next, after what is being worked on now.")
        return _("Queued: this starts in a moment.")

    def is_due_to_send(self, now: datetime) -> bool:
        """Return whether a queued job's message is to be sent, at once or again."""
        return self.sent_at is None or self.sent_at < now - resend_wait(self.times_sent)


def resend_wait(times_sent: int) -> timedelta:
    """Return how long a sent message may stay unclaimed before it is sent again: twice as long each time."""
    doublings = min(max(times_sent - 1, 0), MAX_RESEND_DOUBLINGS)
    return timedelta(seconds=settings.GLIMPSE_JOBS["resend_seconds"] * 2**doublings)


def job_models() -> list[type[Job]]:
    """Return every concrete kind of job."""
    return [model for model in apps.get_models() if issubclass(model, Job)]


def rows_of(model: type[J]) -> JobQuerySet[J]:
    """Return every row of one kind of job."""
    return JobQuerySet(model)
