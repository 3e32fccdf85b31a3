"""How often a classifier will be right: what it answers about its own pictures, each left out in turn."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from mlcore.schemas import Listed, Record, Whole
from webapp.accounts.models import OwnedQuerySet
from webapp.core.rows.stored_json import UUID, StoredJSON
from webapp.jobs.models import Job, JobQuerySet
from webapp.recognition.models.classifiers import Classifier

ANSWER = Record({"image_id": UUID, "label": Whole(0, 10_000), "answer": Whole(0, 10_000)})


class QualityQuerySet(OwnedQuerySet["Quality"], JobQuerySet["Quality"]):  # type: ignore[override] # of as_manager
    """Reads of what was measured."""

    owner_path = "classifier__owner"


class Quality(Job):
    """What was answered about a classifier's support pictures by classifiers that had not seen them; also its job.

    Where no class has two pictures there are no answers. What follows from them is worked out where it is shown.
    """

    task_name = "recognition.measure_quality"

    classifier = models.OneToOneField(Classifier, on_delete=models.CASCADE, related_name="quality")
    answers = StoredJSON(
        schema=Listed(ANSWER, 10_000),
        remedy=_("Have it measured again."),
        default=list,
        help_text=_("Of each picture that was asked about its class and the answer: places in the names of classes."),
    )
    n_rounds = models.PositiveIntegerField(
        default=0, help_text=_("Classifiers that shared the questions, each without the pictures that it was asked of.")
    )
    seconds = models.FloatField(default=0.0, help_text=_("For which it was worked on."))

    objects = QualityQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        verbose_name = _("quality")
        verbose_name_plural = _("qualities")
        ordering = ["-created"]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def support_image_ids(self) -> list[str]:
        """Return the ids of the classifier's support pictures, in the order of its labels."""
        return self.classifier.support_image_ids
