"""What goes into the API about faces and what comes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from webapp.api.parsing import Text
from webapp.faces.models import EnrolledFace, Person
from webapp.faces.photos import address_of


class GalleryWish(Schema):
    """What more is agreed to."""

    gallery: bool = Field(False, description="Whether faces may also be kept in a gallery")


class ConsentOut(Schema):
    """A standing consent to the notice at `/faces/`."""

    id: UUID
    version: int = Field(description="Of the notice")
    gallery: bool
    given: datetime
    expires: datetime


class FaceOut(Schema):
    """A face in a photo; lengths are in pixels of the photo as it was looked at."""

    left: float
    top: float
    right: float
    bottom: float
    landmarks: list[list[float]] = Field(description="Five points, [x, y]")
    confidence: float
    notes: list[str] = Field(description="What makes it hard to compare", examples=[["too_small"]])
    crop: str = Field(description="The aligned face, a data: address of a JPEG")


class PhotoOut(Schema):
    """A photo as it was looked at: upright, at most 1024 pixels long."""

    width: int
    height: int


class QuestionOut(Schema):
    """An answer, and until when it is kept."""

    id: UUID
    expires: datetime
    seconds: float | None = Field(description="How long the work itself took")


class VerificationOut(QuestionOut):
    """Whether the largest faces of two photos show the same person."""

    same: bool = Field(description="Whether score reaches threshold")
    score: float = Field(description="Higher is more alike; no probability")
    threshold: float
    far: float = Field(description="Share of pairs of strangers that would pass at this threshold, as measured")
    frr: float = Field(description="Share of pairs of the same person that would be refused at it, as measured")
    measured_on: str
    photo_a: PhotoOut
    photo_b: PhotoOut
    faces_a: list[FaceOut] = Field(description="The largest first")
    faces_b: list[FaceOut]
    scores: list[list[float]] = Field(description="scores[i][j] compares faces_a[i] with faces_b[j]")


class DetectionOut(QuestionOut):
    """Where a photo shows faces, the largest first."""

    photo: PhotoOut
    faces: list[FaceOut]


class CandidateOut(Schema):
    """Somebody of the gallery."""

    id: UUID
    name: str
    score: float


class RecognisedOut(Schema):
    """A face and who it is."""

    face: FaceOut
    person: CandidateOut | None = Field(description="Null for nobody you know")
    nearest: list[CandidateOut]


class IdentificationOut(QuestionOut):
    """Who of the gallery a photo shows."""

    threshold: float
    far: float = Field(description="Share of pairs of strangers that would pass; every person more adds a chance")
    frr: float
    photo: PhotoOut
    faces: list[RecognisedOut]


class NotKept(Schema):
    """A photo that was not used, and why."""

    photo: int = Field(description="Its place among those sent, from 1")
    reason: str


class DoubtOut(Schema):
    """What speaks against keeping a photo."""

    code: Literal["copy", "unlike", "alike"] = Field(
        description="The same photo again, a face unlike the person's others, or one like somebody else's"
    )
    message: str


class DoubtfulOut(Schema):
    """A photo that is held back until you say that it is to be kept."""

    photo: int = Field(description="Its place among those sent, from 1")
    doubts: list[DoubtOut]
    crop: str = Field(description="The aligned face, a data: address of a JPEG")


class EnrolmentOut(QuestionOut):
    """What became of photos of a person."""

    kept: list[UUID] = Field(description="Ids of the faces that are in the gallery now")
    refused: list[NotKept]
    doubtful: list[DoubtfulOut] = Field(description="Kept once you `POST` to the enrolment; gone with this answer")


class Held(Schema):
    """Which of the photos that are held back."""

    photo: int | None = Field(None, ge=1, description="Its place among those sent; all that are held back if left out")


class PersonIn(Schema):
    """Somebody for the gallery."""

    name: Text = Field(description="1 to 64 characters", examples=["Ada"])


class EnrolledOut(Schema):
    """A face of a person, as it is kept."""

    id: UUID
    created: datetime


class CropOut(EnrolledOut):
    """A face of a person with its crop."""

    crop: str = Field(description="A data: address of a JPEG")

    @staticmethod
    def resolve_crop(face: EnrolledFace) -> str:
        """Wrap the bytes."""
        return address_of(bytes(face.crop.jpeg))


class PersonOut(Schema):
    """Somebody in the gallery."""

    id: UUID
    name: str
    created: datetime
    expires: datetime
    photos: list[EnrolledOut] = Field(description="Faces that are kept, oldest first")

    @staticmethod
    def resolve_photos(person: Person) -> list[dict[str, Any]]:
        """List the faces without what is stored of them."""
        return [{"id": pk, "created": created} for pk, created in person.faces.values_list("pk", "created")]
