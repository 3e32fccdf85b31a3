"""The abstract job: a row that is the truth about one piece of work."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from webapp.accounts.models import Owner
from webapp.jobs.turns import Place, Queue


class JobStatus(models.TextChoices):
    """Where a job stands.

    queued    -> running    a worker claims it
    queued    -> cancelled  the person cancels it before it starts
    queued    -> failed     its work must not be done any more (`services.fail`)
    running   -> ready      its work succeeds
    running   -> failed     its work cannot succeed or must not go on, or its attempts are used up
    running   -> cancelled  the person cancels it, and its worker stops
    running   -> queued     its worker is lost, and attempts are left; or it gives way (`Claim.give_way`)
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
        overdue = Q(sent_at__isnull=True) | Q(sent_at__lt=now - resend_wait(1))
        return self.filter(overdue, status=JobStatus.QUEUED).order_by("created")

    def whose_turn_it_is(self) -> Self:
        """Leave out the jobs before which another of their owner comes in their queue: one runs, or waits for a worker.

        Those that were sent come first, then those made earlier. A kind of job that has no owners keeps all.
        """
        path, rows = self.model.owner_path(), self
        earlier = Q(created__lt=OuterRef("created")) | Q(created=OuterRef("created"), pk__lt=OuterRef("pk"))
        sent = Q(sent_at__isnull=False)
        for kind in kinds_of_queue(self.model.queue) if path else []:
            others = rows_of(kind).filter(**{kind.owner_path(): OuterRef(path)}).exclude(pk=OuterRef("pk"))
            running, queued = others.filter(status=JobStatus.RUNNING), others.filter(status=JobStatus.QUEUED)
            before_sent, before_unsent = Exists(queued.filter(sent & earlier)), Exists(queued.filter(sent | earlier))
            rows = rows.filter(~Exists(running), Q(sent, ~before_sent) | Q(~sent, ~before_unsent))
        return rows


class Job(models.Model):
    """One piece of work that a worker does, whatever becomes of brokers and processes meanwhile.

    A subclass adds its input and result fields, names its Celery task, and makes `objects` of a `JobQuerySet`, and of
    an `OwnedQuerySet` where people own its rows: of an owner only one at a time is sent to a queue.
    Only `webapp.jobs` writes the fields below. `sent_at` lies ahead for a job that waits until then.
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
            case JobStatus.QUEUED:
                return self.progress_text or self._place_in_queue()
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

    @classmethod
    def owner_path(cls) -> str:
        """Return where a row names its owner, or nothing for a kind of job that has none, as staff's."""
        path: str = getattr(cls._default_manager.all(), "owner_path", "")
        return path

    @property
    def whose(self) -> Owner | None:
        """Return the owner of the job, if it is a person's: read anew, for a guest may have signed in meanwhile."""
        path, mine = self.owner_path(), rows_of(type(self)).filter(pk=self.pk)
        return Owner.objects.filter(pk__in=mine.values(path)).first() if path else None

    def _place_in_queue(self) -> str:
        """Return in words how many jobs come before this one, if people take turns.

        All kinds are read in one query, since pages and programs ask again and again.
        """
        places = [_places(model) for model in kinds_of_queue(self.queue)]
        queue = Queue([Place(*row) for row in places[0].union(*places[1:], all=True)])
        if self.sent_at is None and queue.is_first_of_its_owner(self.pk):
            return _("Busy, queued: this starts by itself as soon as it can.")
        if before := queue.n_before(self.pk):
            sentence = "Queued: %(n)d other comes before this.", "Queued: %(n)d others come before this."
            return ngettext(*sentence, before) % {"n": before}
        if queue.is_busy:
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


def kinds_of_queue(queue: str) -> list[type[Job]]:
    """Return every kind of job that goes to a queue."""
    return [model for model in job_models() if model.queue == queue]


def _places(model: type[Job]) -> models.QuerySet[Job, tuple[Any, ...]]:
    """Return what places in a queue go by, of the jobs of a kind that wait or run: the fields of `Place`."""
    path = model.owner_path()
    owner = F(path) if path else Value(None, models.UUIDField())
    rows = rows_of(model).active().order_by().annotate(owned_by_whom=owner)
    return rows.values_list("pk", "owned_by_whom", "status", "created", "sent_at", "started")


def rows_of(model: type[J]) -> JobQuerySet[J]:
    """Return every row of one kind of job."""
    return JobQuerySet(model)
