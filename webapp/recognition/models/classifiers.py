"""Classifiers adapted to support sets, and what they say of query pictures."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from mlcore.schemas import Flag, Keyed, Listed, Maybe, Number, Record, Text
from webapp.accounts.models import OwnedQuerySet, Owner
from webapp.checkpoints.models import Checkpoint
from webapp.core.rows.stored_json import UUID, StoredJSON
from webapp.jobs.models import Job, JobQuerySet
from webapp.recognition.models.support_sets import (
    CLASS_NAME,
    IMAGE_IDS,
    INK,
    NAME_LENGTH,
    REFUSED,
    SupportImage,
    SupportSet,
    picture_path,
)

LEARN_AGAIN = _("Learn again from its pictures.")
ASK_AGAIN = _("Give it the pictures once more.")
CLASS_NAMES = Listed(CLASS_NAME)
SHARE = Number(0, 1.000001)  # of what float32 rounds
COSINE = Number(-1.000001, 1.000001)
NEAR = Record({"image_id": UUID, "class_name": CLASS_NAME, "similarity": COSINE})
RESULT = Record(
    {
        "class_name": CLASS_NAME,
        "confidence": SHARE,
        "sure": Flag(),
        "scores": Keyed(SHARE, key=CLASS_NAME),
        "nearest": Listed(NEAR),
    },
    {
        "is_empty": Flag(),
        "familiarity": Maybe(SHARE),
        "none_of_these": Flag(),
        "between": Listed(CLASS_NAME, 2),
    },
)


def state_path(instance: models.Model | None, filename: str) -> str:
    """Return the path of the adapted state of a classifier."""
    return f"states/{filename[:2]}/{filename}"


class ClassifierQuerySet(OwnedQuerySet["Classifier"], JobQuerySet["Classifier"]):  # type: ignore[override] # of as_manager
    """Reads of classifiers."""


class Classifier(Job):
    """A checkpoint adapted to a support set as it was when *Learn* was pressed; the row is also its job."""

    task_name = "recognition.learn"

    support_set = models.ForeignKey(SupportSet, on_delete=models.CASCADE, related_name="classifiers")
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="classifiers")
    name = models.CharField(max_length=NAME_LENGTH)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="classifiers")
    class_names = StoredJSON(
        schema=CLASS_NAMES, remedy=LEARN_AGAIN, help_text=_("Names of the classes; a label is a place in this list.")
    )
    image_ids = StoredJSON(
        schema=Listed(IMAGE_IDS),
        remedy=LEARN_AGAIN,
        help_text=_("For each class the ids of its support pictures."),
    )
    n_images = models.PositiveIntegerField(default=0)
    kinds_to_try = StoredJSON(
        schema=Listed(Text(50)),
        remedy=LEARN_AGAIN,
        default=list,
        help_text=_("Kinds that are tried on the pictures before learning, likeliest first."),
    )
    kind_reason = models.TextField(blank=True, help_text=_("Why its kind was taken, where that was left to the site."))
    state_file = models.FileField(upload_to=state_path, max_length=200, blank=True)
    bytes = models.PositiveIntegerField(default=0, help_text=_("Of the adapted state."))
    seconds = models.FloatField(null=True, blank=True)
    steps = models.PositiveIntegerField(null=True, blank=True, help_text=_("Inner steps; none if the method has none."))
    loss = models.FloatField(null=True, blank=True, help_text=_("Of the support set at the last inner step."))
    device = models.CharField(max_length=50, blank=True)

    objects = ClassifierQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        verbose_name = _("classifier")
        verbose_name_plural = _("classifiers")
        ordering = ["-created"]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def support_image_ids(self) -> list[str]:
        """Return the ids of all support pictures, class after class: the order in which the worker embeds them."""
        return [image_id for of_class in self.image_ids for image_id in of_class]

    @property
    def labels(self) -> list[int]:
        """Return the label of each picture of ``support_image_ids``."""
        return [label for label, of_class in enumerate(self.image_ids) for _ in of_class]


class PredictionQuerySet(OwnedQuerySet["Prediction"], JobQuerySet["Prediction"]):  # type: ignore[override] # of as_manager
    """Reads of predictions."""


class Prediction(Job):
    """Query pictures that one classifier answers together; the row is also its job."""

    task_name = "recognition.predict"

    classifier = models.ForeignKey(Classifier, on_delete=models.CASCADE, related_name="predictions")
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="predictions")
    refused = StoredJSON(
        schema=REFUSED, remedy=ASK_AGAIN, default=list, help_text=_('[{"file": name, "reason": sentence}]')
    )
    seconds = models.FloatField(null=True, blank=True)

    objects = PredictionQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        verbose_name = _("prediction")
        verbose_name_plural = _("predictions")
        ordering = ["-created"]

    def __str__(self) -> str:
        return str(self.id)


class QueryQuerySet(OwnedQuerySet["Query"]):
    """Reads of query pictures."""

    owner_path = "prediction__owner"


class Query(models.Model):
    """One query picture and what its classifier says of it.

    ``result`` is null until the prediction is ready, then ``{"class_name": str, "confidence": float, "sure": bool,
    "scores": {class_name: float}, "nearest": [{"image_id": str, "class_name": str, "similarity": float}]}``. Besides,
    ``familiarity``, 0..1, where the checkpoint can say; ``none_of_these`` where that is too little; ``between``, the
    two classes that it may be where that is not sure; and ``"is_empty": True`` where the transform leaves nothing.
    The picture is deleted after a day (``file`` is then empty); the result stays with its classifier.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="queries")
    position = models.PositiveIntegerField()
    file = models.FileField(upload_to=picture_path, max_length=200, blank=True)
    thumbnail = models.FileField(upload_to=picture_path, max_length=200, blank=True)
    pixel_digest = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    looks_drawn = models.BooleanField(default=False)
    ink = StoredJSON(schema=INK, null=True)
    original_name = models.CharField(max_length=255, blank=True)
    result = StoredJSON(schema=RESULT, remedy=ASK_AGAIN, null=True, blank=True)
    corrected_to = models.CharField(max_length=NAME_LENGTH, blank=True)
    kept_as = models.ForeignKey(
        SupportImage, null=True, blank=True, on_delete=models.SET_NULL, related_name="corrected_queries"
    )

    objects = QueryQuerySet.as_manager()

    class Meta:
        verbose_name = _("query picture")
        verbose_name_plural = _("query pictures")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["prediction", "position"], name="query_positions_are_unique")]

    def __str__(self) -> str:
        return str(self.id)
