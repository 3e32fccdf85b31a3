"""Faces: consent, two photos compared, faces found in one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import File, Form, Query, Router, Status, UploadedFile

from webapp.api.auth import CLASSIFY, READ, TRAIN, ApiRequest
from webapp.api.errors import responses
from webapp.api.face_answers import respond
from webapp.api.schemas.faces import ConsentOut, DetectionOut, GalleryWish, VerificationOut
from webapp.api.schemas.recognition import JobStarted, Patience
from webapp.faces import services
from webapp.faces.models import Consent, FaceQuestion, QuestionKind

router = Router(tags=["Faces"])

PHOTOS = (400, 403, 411, 413, 415, 422, 429)
"""What can be wrong with photos of faces; without a consent it is 403."""


def question_of(request: ApiRequest, question_id: UUID, kind: QuestionKind) -> FaceQuestion:
    """Find a question of the asker's, who must have agreed to the notice."""
    services.require_consent(owner=request.auth)
    return get_object_or_404(FaceQuestion.objects.owned_by(request.auth), pk=question_id, kind=kind)


@router.post("/consent", auth=TRAIN, response={201: ConsentOut, **responses(422)})
def give_consent(request: ApiRequest, wish: Query[GalleryWish]) -> Status[Consent]:
    """Agree to the notice at `/faces/`: read it first. Without this, everything about faces answers 403."""
    return Status(201, services.give_consent(owner=request.auth, gallery=wish.gallery))


@router.get("/consent", auth=READ, response={200: ConsentOut, **responses(403)})
def read_consent(request: ApiRequest) -> Consent:
    """Read what was agreed to, and until when it holds."""
    return services.require_consent(owner=request.auth)


@router.delete("/consent", auth=TRAIN, response={204: None, **responses()})
def withdraw_consent(request: ApiRequest) -> Status[None]:
    """Withdraw the consent, and erase everything about faces: photos, answers, people."""
    services.withdraw_consent(owner=request.auth)
    return Status(204, None)


@router.post("/verify", auth=CLASSIFY, response={200: VerificationOut, 202: JobStarted, **responses(*PHOTOS, 409)})
def verify(
    request: ApiRequest,
    image_a: File[UploadedFile],
    image_b: File[UploadedFile],
    patience: Query[Patience],
    far: Form[float | None] = None,
) -> Any:
    """Ask whether two photos show the same person, at a false-accept rate of 0.01 or 0.001.

    Answers at once with 202, or within ``wait`` seconds. The photos are deleted as soon as they are compared.
    """
    asked = services.verify(owner=request.auth, image_a=image_a, image_b=image_b, far=far)
    return respond(asked, wait=patience.wait)


@router.get(
    "/verifications/{uuid:question_id}",
    auth=READ,
    response={200: VerificationOut, 202: JobStarted, **responses(403, 404, 409, 422)},
)
def read_verification(request: ApiRequest, question_id: UUID) -> Any:
    """Read the answer, which is kept for ten minutes; 202 while there is none."""
    return respond(question_of(request, question_id, QuestionKind.VERIFY))


@router.delete("/verifications/{uuid:question_id}", auth=CLASSIFY, response={204: None, **responses(403, 404)})
def delete_verification(request: ApiRequest, question_id: UUID) -> Status[None]:
    """Delete the answer, or the photos that wait for one."""
    services.end_question(question=question_of(request, question_id, QuestionKind.VERIFY))
    return Status(204, None)


@router.post("/detect", auth=CLASSIFY, response={200: DetectionOut, 202: JobStarted, **responses(*PHOTOS, 409)})
def detect(request: ApiRequest, image: File[UploadedFile], patience: Query[Patience]) -> Any:
    """Ask where a photo shows faces."""
    return respond(services.detect(owner=request.auth, image=image), wait=patience.wait)


@router.get(
    "/detections/{uuid:question_id}",
    auth=READ,
    response={200: DetectionOut, 202: JobStarted, **responses(403, 404, 409, 422)},
)
def read_detection(request: ApiRequest, question_id: UUID) -> Any:
    """Read where the faces are, which is kept for ten minutes; 202 while there is no answer."""
    return respond(question_of(request, question_id, QuestionKind.DETECT))
