"""Meta-training runs: each the same command that a researcher types."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.jobs.models import Job, JobQuerySet
from webapp.training.models.checkpoints import Checkpoint
from webapp.training.models.datasets import DatasetVersion


def state_path(instance: models.Model | None, filename: str) -> str:
    """Name a stored training state, from which a run goes on."""
    return f"runs/{filename}"


class TrainingRunQuerySet(JobQuerySet["TrainingRun"]):
    """Reads of runs."""


class TrainingRun(Job):
    """One run of `python -m mlcore train`."""

    queue: ClassVar[str] = "training"
    task_name: ClassVar[str] = "training.train"

    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=50)
    method = models.CharField(max_length=50)
    method_config = models.JSONField(default=dict)  # fields of the method's config that differ from its defaults
    episodes = models.JSONField(default=dict)  # likewise of EpisodeConfig
    training = models.JSONField(default=dict)  # likewise of TrainingConfig
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="runs")
    start_from = models.ForeignKey(Checkpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    cloned_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    paused = models.BooleanField(default=False)
    state_file = models.FileField(upload_to=state_path, blank=True)  # where the next attempt goes on
    state_step = models.PositiveIntegerField(default=0)
    points = models.JSONField(default=list)  # what the curves are drawn of; a bounded number, however long the run
    latest = models.JSONField(default=dict)  # the newest event: step, loss, accuracy, ci95, seconds_left, memory_mb, …
    checkpoint = models.OneToOneField(
        Checkpoint, null=True, blank=True, on_delete=models.SET_NULL, related_name="training_run"
    )

    objects = TrainingRunQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name
