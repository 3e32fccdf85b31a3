"""A gallery of people: added, remembered by photos, recognised, removed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja import File, Query, Router, Status, UploadedFile
from ninja.pagination import paginate

from webapp.api.auth import CLASSIFY, READ, TRAIN, ApiRequest
from webapp.api.errors import responses
from webapp.api.face_answers import respond
from webapp.api.pagination import Pages
from webapp.api.routers.faces import PHOTOS, question_of
from webapp.api.schemas.faces import CropOut, EnrolmentOut, Held, IdentificationOut, PersonIn, PersonOut
from webapp.api.schemas.recognition import JobStarted, Patience
from webapp.faces import services
from webapp.faces.models import EnrolledFace, Person, QuestionKind

router = Router(tags=["Faces: gallery"])

PERSON = "/gallery/people/{uuid:person_id}"
JSON_BODY = (400, 403, 413, 415, 422)


def _person(request: ApiRequest, person_id: UUID) -> Person:
    """Find a person of the asker's gallery."""
    services.require_gallery(owner=request.auth)
    return get_object_or_404(Person.objects.owned_by(request.auth).select_related("owner"), pk=person_id)


def _face(request: ApiRequest, person_id: UUID, face_id: UUID) -> EnrolledFace:
    """Find a face of a person of the asker's gallery."""
    person = _person(request, person_id)
    return get_object_or_404(EnrolledFace.objects.owned_by(request.auth), pk=face_id, person=person)


@router.get("/gallery/people", auth=READ, response={200: list[PersonOut], **responses(403, 422)})
@paginate(Pages)
def list_people(request: ApiRequest) -> QuerySet[Person]:
    """List the people of your gallery, the first added first."""
    services.require_gallery(owner=request.auth)
    return Person.objects.owned_by(request.auth)


@router.post("/gallery/people", auth=TRAIN, response={201: PersonOut, **responses(*JSON_BODY)})
def add_person(request: ApiRequest, body: PersonIn) -> Status[Person]:
    """Add somebody, for a day."""
    return Status(201, services.add_person(owner=request.auth, name=body.name))


@router.get(PERSON, auth=READ, response={200: PersonOut, **responses(403, 404)})
def read_person(request: ApiRequest, person_id: UUID) -> Person:
    """Read what is kept of somebody."""
    return _person(request, person_id)


@router.patch(PERSON, auth=TRAIN, response={200: PersonOut, **responses(404, *JSON_BODY)})
def rename_person(request: ApiRequest, person_id: UUID, body: PersonIn) -> Person:
    """Give somebody another name."""
    return services.rename_person(person=_person(request, person_id), name=body.name)


@router.delete(PERSON, auth=TRAIN, response={204: None, **responses(403, 404)})
def remove_person(request: ApiRequest, person_id: UUID) -> Status[None]:
    """Erase somebody with all their faces."""
    services.remove_person(person=_person(request, person_id))
    return Status(204, None)


@router.post(
    f"{PERSON}/photos", auth=TRAIN, response={201: EnrolmentOut, 202: JobStarted, **responses(404, 409, *PHOTOS)}
)
def enrol(request: ApiRequest, person_id: UUID, images: File[list[UploadedFile]], patience: Query[Patience]) -> Any:
    """Remember somebody by photos that show them alone. The photos are deleted; a crop and 128 numbers are kept."""
    asked = services.enrol(person=_person(request, person_id), images=list(images))
    return respond(asked, wait=patience.wait, ready=201)


@router.get(f"{PERSON}/photos/{{uuid:face_id}}", auth=READ, response={200: CropOut, **responses(403, 404)})
def read_face(request: ApiRequest, person_id: UUID, face_id: UUID) -> EnrolledFace:
    """Read one face that is kept, with its crop."""
    return _face(request, person_id, face_id)


@router.delete(f"{PERSON}/photos/{{uuid:face_id}}", auth=TRAIN, response={204: None, **responses(403, 404)})
def remove_face(request: ApiRequest, person_id: UUID, face_id: UUID) -> Status[None]:
    """Erase one face of somebody."""
    services.remove_face(face=_face(request, person_id, face_id))
    return Status(204, None)


@router.get(
    "/enrolments/{uuid:question_id}",
    auth=READ,
    response={200: EnrolmentOut, 202: JobStarted, **responses(403, 404, 409, 422)},
)
def read_enrolment(request: ApiRequest, question_id: UUID) -> Any:
    """Read what became of photos of somebody; 202 while there is no answer."""
    return respond(question_of(request, question_id, QuestionKind.ENROL))


@router.post(
    "/enrolments/{uuid:question_id}",
    auth=TRAIN,
    response={200: EnrolmentOut, 202: JobStarted, **responses(403, 404, 409, 422)},
)
def keep_doubtful(request: ApiRequest, question_id: UUID, which: Query[Held]) -> Any:
    """Keep photos that were held back because something spoke against them."""
    question = question_of(request, question_id, QuestionKind.ENROL)
    return respond(services.keep_doubtful(question=question, photo=which.photo))


@router.post("/identify", auth=CLASSIFY, response={200: IdentificationOut, 202: JobStarted, **responses(409, *PHOTOS)})
def identify(request: ApiRequest, image: File[UploadedFile], patience: Query[Patience]) -> Any:
    """Ask who of your gallery a photo shows; ``person`` is null for nobody you know."""
    return respond(services.identify(owner=request.auth, image=image), wait=patience.wait)


@router.get(
    "/identifications/{uuid:question_id}",
    auth=READ,
    response={200: IdentificationOut, 202: JobStarted, **responses(403, 404, 409, 422)},
)
def read_identification(request: ApiRequest, question_id: UUID) -> Any:
    """Read who it is, which is kept for ten minutes; 202 while there is no answer."""
    return respond(question_of(request, question_id, QuestionKind.IDENTIFY))
