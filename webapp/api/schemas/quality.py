"""How good a classifier is, as the API tells it."""

from __future__ import annotations

from uuid import UUID

from ninja import Schema
from pydantic import Field

from webapp.api.errors import Problem
from webapp.api.schemas.recognition import JobOut
from webapp.jobs.models import JobStatus
from webapp.recognition.trust.quality import QualityReport


class ExpectedOut(Schema):
    """How often new pictures will be named rightly, if each class comes up as often as any other."""

    accuracy: float = Field(ge=0, le=1, description="The likeliest share")
    low: float = Field(ge=0, le=1, description="The true share lies between this")
    high: float = Field(ge=0, le=1, description="and this, at least 9 times in 10")


class CardExpectedOut(Schema):
    """How the checkpoint did with so few pictures of other classes, where yours tell nothing."""

    n_way: int = Field(description="Classes of such a problem")
    k_shot: int = Field(description="Pictures of each")
    dataset: str
    accuracy: float
    low: float | None = Field(description="19 in 20 such problems lay between this")
    high: float | None = Field(description="and this; null where the card does not tell")


class ClassQualityOut(Schema):
    """What was answered about the pictures of one class."""

    class_name: str = Field(alias="name")
    count: int = Field(alias="k_shot", description="Its pictures")
    asked: int = Field(description="How many were asked about; none of a class with one picture")
    right: int


class ConfusionOut(Schema):
    """Pictures of one class that were taken for another."""

    class_name: str = Field(alias="name")
    taken_for: str
    image_ids: list[UUID]


class QualityOut(Schema):
    """What a classifier knew of its own pictures, each asked about by a classifier that had not seen it."""

    status: JobStatus | None = Field(description="Of measuring; null where that was never begun")
    error: Problem | None = Field(description="Why it failed; null unless status is failed")
    progress: float = Field(ge=0, le=1)
    asked: int = Field(alias="n_asked", description="Pictures that were asked about")
    right: int = Field(alias="n_right", description="How many of them were named rightly")
    expected: ExpectedOut | None = Field(
        description="Null until it is measured, and where most classes have one picture"
    )
    expected_of_card: CardExpectedOut | None = Field(alias="of_card", description="Given in its place then")
    classes: list[ClassQualityOut] = Field(description="Those that were known least often first")
    confusions: list[ConfusionOut] = Field(description="The most frequent first")

    @staticmethod
    def resolve_status(report: QualityReport) -> str | None:
        """Return how measuring stands."""
        return report.row.status if report.row else None

    @staticmethod
    def resolve_progress(report: QualityReport) -> float:
        """Return how far measuring is."""
        return report.row.progress if report.row else 0.0

    @staticmethod
    def resolve_error(report: QualityReport) -> dict[str, str] | None:
        """Return why measuring failed, if it did."""
        return JobOut.resolve_error(report.row) if report.row else None
