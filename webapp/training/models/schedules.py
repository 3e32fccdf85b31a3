"""Retraining on a schedule: the settings of a run, whose clones start at their times where the data has changed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_celery_beat.models import PeriodicTask

from webapp.checkpoints.models.checkpoints import Checkpoint
from webapp.datasets.models import Dataset
from webapp.training import recurrence
from webapp.training.models.runs import RunSettings, TrainingRun

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Schedule(RunSettings):
    """What is trained again and again. When that is, and whether it rests, is django-celery-beat's to know."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(gettext_lazy("name"), max_length=50, unique=True)
    run = models.ForeignKey(TrainingRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    dataset = models.ForeignKey(Dataset, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    start_from = models.ForeignKey(Checkpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    timer = models.OneToOneField(PeriodicTask, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created = models.DateTimeField(gettext_lazy("created"), default=timezone.now, editable=False)

    if TYPE_CHECKING:
        occasions: RelatedManager[Occasion]

    class Meta:
        verbose_name = gettext_lazy("schedule")
        verbose_name_plural = gettext_lazy("schedules")
        ordering = ["name"]
        default_permissions = ()  # those of runs count, for a schedule does nothing but start runs

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        """Return whether it rests until a person lets it go on."""
        return not self.timer.enabled

    @property
    def repeats(self) -> str:
        """Return in words how often and when it comes."""
        return recurrence.in_words(self.timer.crontab)

    @property
    def sentence(self) -> str:
        """Return in words when it comes next."""
        if self.is_paused:
            return _("Paused: nothing starts until it is resumed.")
        moment = recurrence.next_after(self.timer.crontab, timezone.now())
        return _("Next: %(when)s.") % {"when": recurrence.moment_in_words(moment)}

    @property
    def latest(self) -> Occasion | None:
        """Find what came of its last time."""
        return self.occasions.select_related("run").first()


class Occasion(models.Model):
    """A time at which a schedule was due: the run that it started, or a note that says why it started none."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="occasions")
    at = models.DateTimeField(default=timezone.now)
    run = models.OneToOneField(TrainingRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="occasion")
    note = models.TextField(blank=True)

    class Meta:
        verbose_name = gettext_lazy("occasion")
        verbose_name_plural = gettext_lazy("occasions")
        ordering = ["-at", "-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.note or str(self.run or _("Its run was deleted."))
