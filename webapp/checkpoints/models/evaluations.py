"""What a checkpoint is measured by before it may go live: the benchmark of its kind, and an evaluation of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from mlcore.schemas import EMPTY, AnyOf, Keyed, Number, Plain, Record, Text, Whole
from webapp.checkpoints.models.checkpoints import Checkpoint
from webapp.core.rows.stored_json import StoredJSON
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import Job, JobQuerySet

SHARES = ("accuracy", "ci95", "against_accuracy", "against_ci95")
FIGURES = Record(
    {
        "classes": Whole(),
        "episodes": Whole(),
        **dict.fromkeys(SHARES, Number(0, 1)),
        "difference": Number(-1, 1),
        "difference_ci95": Number(0, 2),
    }
)
TOO_FEW = Record({"classes": Whole(), "needed": Whole()})
NOT_LISTED = Record({"unknown": Text()}, {"classes": Whole()})
MEASURED = Record({"exam": FIGURES, "unseen": AnyOf((FIGURES, TOO_FEW, NOT_LISTED))}, others=Plain(1))
FINDINGS = AnyOf((MEASURED, EMPTY))
"""What `mlcore compare` prints; nothing before it was measured."""


class Benchmark(models.Model):
    """What every checkpoint of a kind is measured by; changing it asks for new evaluations."""

    kind = models.CharField(max_length=50, unique=True)
    version = models.ForeignKey(
        DatasetVersion,
        verbose_name=_("data set version"),
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Its test classes are what checkpoints are measured on."),
    )
    n_way = models.PositiveIntegerField(
        _("ways"),
        default=5,
        validators=[MinValueValidator(2), MaxValueValidator(100)],
        help_text=_("Classes to tell apart at a time."),
    )
    k_shot = models.PositiveIntegerField(
        _("shots"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Pictures to learn from, of each class."),
    )
    n_query = models.PositiveIntegerField(
        _("queries"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("New pictures to sort, of each class."),
    )
    episodes = models.PositiveIntegerField(
        default=1000,
        validators=[MinValueValidator(100), MaxValueValidator(20_000)],
        help_text=_("More of them tell smaller differences apart, and take longer."),
    )
    seed = models.PositiveIntegerField(default=0, help_text=_("The same number draws the same episodes."))

    class Meta:
        verbose_name = _("benchmark")
        verbose_name_plural = _("benchmarks")
        ordering = ["kind"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.version}"

    @property
    def drawn(self) -> dict[str, int]:
        """Return which episodes an evaluation has."""
        names = ("n_way", "k_shot", "n_query", "episodes", "seed")
        return {name: getattr(self, name) for name in names}


class EvaluationQuerySet(JobQuerySet["Evaluation"]):
    """Reads of evaluations."""

    def of(self, checkpoint: Checkpoint, against: Checkpoint, benchmark: Benchmark) -> Evaluation | None:
        """Return the newest evaluation of these two for the benchmark as it stands, or None."""
        evaluations = self.filter(
            checkpoint=checkpoint, against=against, version=benchmark.version, drawn=benchmark.drawn
        )
        return evaluations.order_by("-created").first()


class Evaluation(Job):
    """One measurement of a checkpoint against the live one of its kind, in the same episodes."""

    queue: ClassVar[str] = "staff"
    task_name: ClassVar[str] = "training.examine"

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="evaluations")
    against = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    drawn = StoredJSON(schema=Keyed(Whole()), default=dict)  # the benchmark's settings, as they were
    findings = StoredJSON(schema=FINDINGS, default=dict)  # what `mlcore compare` printed

    objects = EvaluationQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.checkpoint} / {self.against}"
