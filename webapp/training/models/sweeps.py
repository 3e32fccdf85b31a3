"""Sweeps over settings: each trial of one is an ordinary run."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mlcore.schemas import AnyOf, Flag, Keyed, Listed, Number, Plain, Record
from webapp.checkpoints.models.checkpoints import Checkpoint
from webapp.core.rows.stored_json import StoredJSON
from webapp.datasets.models import DatasetVersion
from webapp.training.models.runs import RunSettings

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from webapp.training.models.runs import TrainingRun

PART = AnyOf((Record({"low": Number(), "high": Number()}, {"log": Flag()}), Record({"choices": Listed(Plain(1))})))
"""What is searched of one setting: a range, or choices."""


class Strategy(models.TextChoices):
    """How the next trial is chosen."""

    GRID = "grid", gettext_lazy("grid: every combination once")
    RANDOM = "random", gettext_lazy("random")
    TPE = "tpe", gettext_lazy("Bayesian (TPE): near what did well")


class Sweep(RunSettings):
    """A search for good settings. What it tried is read from its runs; its own settings are what they share."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(gettext_lazy("name"), max_length=50)
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    start_from = models.ForeignKey(Checkpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    strategy = models.CharField(gettext_lazy("strategy"), max_length=6, choices=Strategy)
    space = StoredJSON(schema=Keyed(PART), default=dict)  # "training.outer_lr" -> {"low", "high", "log"} or {"choices"}
    budget = models.PositiveIntegerField(gettext_lazy("trials"))
    seed = models.PositiveIntegerField(gettext_lazy("seed"), default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created = models.DateTimeField(gettext_lazy("created"), default=timezone.now, editable=False)
    ended = models.DateTimeField(null=True, blank=True)
    stopped = models.BooleanField(default=False)  # before its budget was used
    obstacle = models.TextField(blank=True)  # why it could not go on, in words
    importance = StoredJSON(schema=Keyed(Number(0, 1)), default=dict)  # setting -> share of what made the difference

    if TYPE_CHECKING:
        runs: RelatedManager[TrainingRun]

    class Meta:
        verbose_name = gettext_lazy("sweep")
        verbose_name_plural = gettext_lazy("sweeps")
        ordering = ["-created"]
        default_permissions = ()  # those of runs count, for a sweep is nothing but runs

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        """Return whether further trials may start."""
        return self.ended is None

    @property
    def trials(self) -> list[TrainingRun]:
        """List its runs in the order in which they were tried."""
        return list(self.runs.order_by("trial"))

    @property
    def best(self) -> TrainingRun | None:
        """Find the run with the best accuracy on validation classes so far."""
        return best_of(self.trials)

    @property
    def sentence(self) -> str:
        """Return in words how it stands."""
        values: dict[str, Any] = {"done": self.runs.count(), "budget": self.budget, "why": self.obstacle}
        if self.obstacle:
            return _("It could not go on: %(why)s") % values
        if self.stopped:
            return _("Stopped after %(done)d of %(budget)d trials.") % values
        if self.ended and values["done"] < self.budget:
            return _("All %(done)d combinations were tried.") % values
        if self.ended:
            return _("All %(budget)d trials are over.") % values
        return _("%(done)d of %(budget)d trials were started.") % values


def best_of(trials: list[TrainingRun]) -> TrainingRun | None:
    """Find the run with the best accuracy on validation classes; none where none was measured."""
    measured = [run for run in trials if run.best]
    return max(measured, key=lambda run: float(run.best["accuracy"]), default=None)
