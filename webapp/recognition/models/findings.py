"""What a support set was looked over for when it was learned, and what its owner wants to hear no more of."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mlcore.schemas import Listed, Number, Record, Text, Whole
from webapp.accounts.models import OwnedQuerySet
from webapp.core.rows.stored_json import UUID, StoredJSON
from webapp.recognition.models.classifiers import LEARN_AGAIN, Classifier
from webapp.recognition.models.support_sets import SupportSet

LABEL = Whole(0, 10_000)
FINDING = Record({"kind": Text(20), "score": Number(0, 1e9), "image_ids": Listed(UUID, 2), "labels": Listed(LABEL, 2)})
NEED = Record({"label": LABEL, "reason": Text(20), "close_to": LABEL, "gain": Number(0, 1)})
SUBJECT_LENGTH = 300


class ExaminationQuerySet(OwnedQuerySet["Examination"]):
    """Reads of examinations."""

    owner_path = "classifier__owner"


class Examination(models.Model):
    """What is wrong with the pictures that a classifier learned from, and what to add; labels are places in its names.

    A classifier without one has learned from what could not be looked over, or before there was this.
    """

    classifier = models.OneToOneField(
        Classifier, primary_key=True, on_delete=models.CASCADE, related_name="examination"
    )
    findings = StoredJSON(
        schema=Listed(FINDING, 1000), remedy=LEARN_AGAIN, default=list, help_text=_("What matters most first.")
    )
    need = StoredJSON(schema=NEED, remedy=LEARN_AGAIN, null=True, help_text=_("The class to add to, if that is known."))

    objects = ExaminationQuerySet.as_manager()

    class Meta:
        verbose_name = _("examination")
        verbose_name_plural = _("examinations")

    def __str__(self) -> str:
        return str(self.pk)


class DismissalQuerySet(OwnedQuerySet["Dismissal"]):
    """Reads of dismissals."""

    owner_path = "support_set__owner"


class Dismissal(models.Model):
    """A finding that its owner takes for no mistake: it stays so for these pictures, however often they are learned.

    subject: the ids of the pictures, or the names of the classes, in order.
    """

    support_set = models.ForeignKey(SupportSet, on_delete=models.CASCADE, related_name="dismissals")
    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=SUBJECT_LENGTH)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects = DismissalQuerySet.as_manager()

    class Meta:
        verbose_name = _("dismissal")
        verbose_name_plural = _("dismissals")
        constraints = [models.UniqueConstraint(fields=["support_set", "kind", "subject"], name="dismissals_are_unique")]

    def __str__(self) -> str:
        return str(self.pk)
