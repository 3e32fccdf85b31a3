"""What goes into the API and what comes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from webapp.api.errors import Problem
from webapp.api.parsing import Text
from webapp.jobs.models import Job, JobStatus
from webapp.recognition import services
from webapp.recognition.models import Prediction, SupportImage, SupportSet

# --- Support sets -----------------------------------------------------------------------------------------------------


class NewSupportSet(Schema):
    """A support set to be made."""

    name: Text = Field(description="1 to 64 characters", examples=["Garden birds"])


class SupportSetChanges(Schema):
    """What to change; what is left out stays as it is."""

    name: Text | None = Field(None, description="1 to 64 characters")
    class_names: dict[Text, Text] = Field({}, description="Old name to new name", examples=[{"robin": "Robin"}])
    order: list[Text] | None = Field(None, description="All class names in their new order, after any renaming")
    may_improve_models: bool | None = Field(
        None, description="Whether the models may learn from it, and staff look at it; taken back by false"
    )


class SupportSetSummary(Schema):
    """A support set in a list."""

    id: UUID
    name: str
    may_improve_models: bool
    created: datetime
    updated: datetime


class ClassOut(Schema):
    """One class with the ids of its pictures, oldest first."""

    name: str
    count: int
    image_ids: list[UUID]


class SuggestionOut(Schema):
    """Which kind of pictures a support set seems to hold."""

    kinds: list[str] = Field(
        description="The kind that suits, or two, the likelier first: both are tried on the pictures before learning"
    )
    why: str = Field(description="A sentence")


class SupportSetOut(SupportSetSummary):
    """A support set with its classes in their order, and which kind of pictures it seems to hold."""

    classes: list[ClassOut]
    suggestion: SuggestionOut

    @staticmethod
    def resolve_classes(support_set: SupportSet) -> list[ClassOut]:
        """Read the classes and the ids of their pictures in two queries."""
        images = SupportImage.objects.present().filter(support_class__support_set=support_set)
        ids: dict[UUID, list[UUID]] = {}
        for class_id, image_id in images.values_list("support_class_id", "id"):
            ids.setdefault(class_id, []).append(image_id)
        return [
            ClassOut(
                name=support_class.name,
                count=len(ids.get(support_class.id, [])),
                image_ids=ids.get(support_class.id, []),
            )
            for support_class in support_set.classes.present()
        ]

    @staticmethod
    def resolve_suggestion(support_set: SupportSet) -> services.Suggestion:
        """Look at the pictures."""
        return services.suggestion_for(support_set=support_set)


class Accepted(Schema):
    """A picture that is now in the support set."""

    id: UUID
    file: str


class Refused(Schema):
    """A picture that is not, and why."""

    file: str
    reason: str


class UploadOut(Schema):
    """What became of each uploaded picture."""

    accepted: list[Accepted]
    refused: list[Refused]
    warnings: list[str]


class NothingAccepted(Problem):
    """An upload of which no picture could be used. Where the pictures were looked at, ``refused`` says why."""

    code: str = "no_usable_picture"
    message: str
    accepted: list[Accepted] = []
    refused: list[Refused] = []

    @staticmethod
    def resolve_message(report: services.UploadReport) -> str:
        """Return the reasons of the first pictures."""
        return " ".join(f"{picture.file}: {picture.reason}" for picture in report.refused[:3])


class ClassNamed(Schema):
    """Which class."""

    name: Text = Field("", description="As it is spelt or in any other way that looks the same")


class ImageChanges(Schema):
    """The class to move a picture to."""

    class_name: Text = Field(description="1 to 64 characters; a class that is not there yet is made")


class ImageOut(Schema):
    """One support picture."""

    id: UUID
    class_name: str = Field(alias="support_class.name")
    file: str = Field(alias="original_name")
    width: int
    height: int
    created: datetime


# --- Jobs -------------------------------------------------------------------------------------------------------------


class JobStarted(Schema):
    """Work that was taken on and is not done yet."""

    id: UUID
    status: JobStatus


class JobOut(JobStarted):
    """How a piece of work stands."""

    error: Problem | None = Field(description="Why it failed; null unless status is failed")
    seconds: float | None = Field(description="How long the work itself took")

    @staticmethod
    def resolve_error(job: Job) -> dict[str, str] | None:
        """Return why the job failed, if it did."""
        return {"code": job.error_code, "message": job.error} if job.status == JobStatus.FAILED else None


# --- Classifiers ------------------------------------------------------------------------------------------------------


class NewClassifier(Schema):
    """What to adapt to the support set."""

    checkpoint: Text | None = Field(
        None,
        description="A kind (its live checkpoint), a checkpoint's name or id, or null for the kind that is suggested; "
        "where two are, both are tried on the pictures, and the better one learns",
        examples=["characters"],
    )


class ClassifierOut(JobOut):
    """A classifier and how its learning stands."""

    name: str
    support_set: UUID = Field(alias="support_set_id")
    checkpoint: str = Field(alias="checkpoint.name")
    kind: str = Field(alias="checkpoint.kind")
    method: str = Field(alias="checkpoint.method")
    kind_reason: str = Field(
        description="Why this kind, where that was left to the site; before learning it may change"
    )
    steps: int | None = Field(description="Inner steps that adapting took; null where the method has none")
    loss: float | None = Field(description="Of the support set at the last of those steps")
    device: str | None
    progress: float = Field(ge=0, le=1)
    class_names: list[str]
    n_images: int
    created: datetime
    finished: datetime | None


# --- Predictions ------------------------------------------------------------------------------------------------------

LONGEST_WAIT = 60
"""Seconds that one request may wait for its answer."""


class Patience(Schema):
    """How long to wait for the answer."""

    wait: float = Field(0, ge=0, le=LONGEST_WAIT, description="Seconds to wait for the answer")


class Nearest(Schema):
    """A support picture that looks like the query picture."""

    image_id: UUID
    class_name: str
    similarity: float


class QueryOut(Schema):
    """What a classifier says of one query picture."""

    id: UUID
    file: str
    class_name: str
    confidence: float
    familiarity: float | None = Field(
        None, description="How likely it is of any of the classes, 0 to 1; null where the checkpoint cannot say"
    )
    none_of_these: bool = Field(False, description="True where it is too little familiar to be of any of the classes")
    sure: bool = Field(description="True where one class can be named; false for none of these, too")
    between: list[str] = Field([], description="Which two classes it may be of, where that is not sure")
    is_empty: bool = Field(False, description="True where nothing of the picture is left once it is read as this kind")
    scores: dict[str, float]
    nearest: list[Nearest]
    corrected_to: str | None


class PredictionOut(JobOut):
    """The answers, one for each query picture once status is ready."""

    classifier: UUID = Field(alias="classifier_id")
    predictions: list[QueryOut]
    refused: list[Refused] = Field(description="Pictures that could not be used")

    @staticmethod
    def resolve_predictions(prediction: Prediction) -> list[dict[str, Any]]:
        """Merge the name and the result of every query that has one."""
        return [
            {"id": query.id, "file": query.original_name, "corrected_to": query.corrected_to or None, **query.result}
            for query in prediction.queries.all()
            if query.result
        ]


class Correction(Schema):
    """What a query picture really shows."""

    file: Text = Field(description="The name of the query picture, or its id")
    class_name: Text


class Corrected(Schema):
    """The support picture that the query picture became."""

    image_id: UUID = Field(alias="id")
    file: str = Field(alias="original_name")
    class_name: str = Field(alias="support_class.name")
