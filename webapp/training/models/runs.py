"""Meta-training runs: each the same command that a researcher types."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mlcore.schemas import EMPTY, AnyOf, Keyed, Listed, Maybe, Number, Plain, Record, Text, Whole
from webapp.checkpoints.models.checkpoints import Checkpoint
from webapp.checkpoints.shown_settings import in_form_words
from webapp.core.rows.stored_json import StoredJSON
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import Job, JobQuerySet, JobStatus

SETTINGS = Keyed(Plain(3))
CONFIG = Record(
    optional={
        **dict.fromkeys(("kind", "method"), Text()),
        "transform": Maybe(Text()),
        **dict.fromkeys(("episodes", "training", "method_config"), SETTINGS),
    }
)
SECONDS = Number(0, 1e10)
POINT = Record({"step": Whole()}, {"loss": Number(), "accuracy": Number(), "ci95": Number()}, others=Plain(1))
NUMBERS = dict.fromkeys(("step", "train_loss", "accuracy", "ci95", "episodes_per_second"), Number())
LATEST = Record(optional={**NUMBERS, "seconds": SECONDS, "seconds_left": SECONDS}, others=Plain(1))
TIMED = ("seconds", "seconds_per_step", "validation_seconds")
TIMINGS = AnyOf((Record(dict.fromkeys(TIMED, SECONDS), others=Plain(1)), EMPTY))


def state_path(instance: models.Model | None, filename: str) -> str:
    """Name a stored training state, from which a run goes on."""
    return f"runs/{filename}"


class RunSettings(models.Model):
    """What a run is made of: the JSON that `mlcore train --config` takes, save what the row's other fields say.

    It holds every setting, so that later defaults change nothing. `kind` and `method` are in it too, and beside it for
    queries alone.
    """

    config = StoredJSON(schema=CONFIG, default=dict)
    kind = models.CharField(gettext_lazy("kind"), max_length=50)
    method = models.CharField(gettext_lazy("method"), max_length=50)

    class Meta:
        abstract = True


class TrainingRunQuerySet(JobQuerySet["TrainingRun"]):
    """Reads of runs."""


class TrainingRun(RunSettings, Job):
    """One run of `python -m mlcore train`. A paused run is a cancelled one that says so."""

    queue: ClassVar[str] = "training"
    task_name: ClassVar[str] = "training.train"

    name = models.CharField(gettext_lazy("name"), max_length=64)
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="runs")
    start_from = models.ForeignKey(Checkpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    cloned_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    paused = models.BooleanField(default=False)
    state_file = models.FileField(upload_to=state_path, blank=True)  # where the next attempt goes on
    state_step = models.PositiveIntegerField(default=0)
    earlier_state_file = models.FileField(upload_to=state_path, blank=True)  # where it does if that one is damaged
    points = StoredJSON(schema=Listed(POINT), default=list)  # what the curves are drawn of; a bounded number
    latest = StoredJSON(schema=LATEST, default=dict)  # the newest event: step, loss, accuracy, ci95, …
    log = models.TextField(default="", blank=True)  # the last lines that a failed attempt wrote
    checkpoint = models.OneToOneField(
        Checkpoint, null=True, blank=True, on_delete=models.SET_NULL, related_name="training_run"
    )

    sweep = models.ForeignKey("Sweep", null=True, blank=True, on_delete=models.SET_NULL, related_name="runs")
    trial = models.PositiveIntegerField(null=True, blank=True)  # its number in that sweep, from 0
    pruned = models.BooleanField(default=False)  # cancelled by its sweep, which saw no hope

    objects = TrainingRunQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["sweep", "trial"], name="training_one_run_a_trial")
        ]
        verbose_name = gettext_lazy("training run")
        verbose_name_plural = gettext_lazy("training runs")
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name

    @property
    def state_name(self) -> str:
        """Name its state in a word."""
        return _("paused") if self.is_paused else str(self.get_status_display())

    @property
    def is_paused(self) -> bool:
        """Return whether it rests until a person lets it go on."""
        return self.paused and self.status == JobStatus.CANCELLED

    @property
    def can_go_on(self) -> bool:
        """Return whether a person may let it go on."""
        return self.status in (JobStatus.CANCELLED, JobStatus.FAILED) and not self.version.gap

    @property
    def status_sentence(self) -> str:
        """Return in words how it stands."""
        if self.is_paused:
            return _("Paused at step %(step)d.") % {"step": self.state_step}
        if self.status == JobStatus.CANCELLED and self.state_step:
            return _("Cancelled. Its state of step %(step)d is kept.") % {"step": self.state_step}
        return in_form_words(super().status_sentence, method=self.method)

    @property
    def state_key(self) -> str:
        """Return in one word for programs what can be done to it now."""
        return f"{self.status}{'-stopping' if self.cancel_requested else ''}{'-paused' if self.paused else ''}"

    @property
    def trained_for(self) -> str:
        """Return how long it has trained, all attempts together."""
        return _clock(self.latest["seconds"]) if "seconds" in self.latest else "–"

    @property
    def time_left(self) -> str:
        """Return about how long it still trains, in words; nothing where that is not known."""
        known = self.status == JobStatus.RUNNING and "seconds_left" in self.latest
        return _clock(self.latest["seconds_left"]) if known else "–"

    @property
    def percent(self) -> int:
        """Return how much of it is over, in percent."""
        return round(100 * self.progress)

    @property
    def best(self) -> dict[str, Any]:
        """Return the best validation so far: step, accuracy, ci95; nothing before the first."""
        scored = [point for point in self.points if "accuracy" in point]
        return max(scored, key=lambda point: float(point["accuracy"]), default={})


def _clock(seconds: float) -> str:
    """Write a span as minutes and seconds, or hours and minutes where it is long."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"


class RunEstimate(RunSettings, Job):
    """A few timed steps, which tell what a run would take before it is started."""

    queue: ClassVar[str] = "staff"
    task_name: ClassVar[str] = "training.estimate"

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="+")
    start_from = models.ForeignKey(Checkpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    timings = StoredJSON(schema=TIMINGS, default=dict)  # of what was timed

    objects: ClassVar[JobQuerySet[RunEstimate]] = JobQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(Job.Meta):
        abstract = False
        verbose_name = gettext_lazy("estimate")
        verbose_name_plural = gettext_lazy("estimates")

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def status_sentence(self) -> str:
        """Return in words how it stands."""
        return in_form_words(super().status_sentence, method=self.method)

    @property
    def in_words(self) -> str:
        """Return the estimate in words; nothing before there is one."""
        if not self.timings:
            return ""
        words = _("About %(time)s: a step takes %(step)s s, and a measurement %(validation)s s.")
        parts = {"step": "seconds_per_step", "validation": "validation_seconds"}
        figures = {name: f"{self.timings[key]:.2g}" for name, key in parts.items()}
        return words % {**figures, "time": _clock(self.timings["seconds"])}
