"""Support sets: made, read, changed, filled with pictures, learned."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja import File, Form, Query, Router, Status, UploadedFile
from ninja.pagination import paginate

from webapp.api.auth import READ, TRAIN, ApiRequest
from webapp.api.errors import responses
from webapp.api.pagination import Pages
from webapp.api.parsing import Text
from webapp.api.schemas.recognition import (
    ClassNamed,
    ImageChanges,
    ImageOut,
    JobStarted,
    NewClassifier,
    NewSupportSet,
    NothingAccepted,
    SupportSetChanges,
    SupportSetOut,
    SupportSetSummary,
    UploadOut,
)
from webapp.pictures.names import clean_name
from webapp.recognition import services
from webapp.recognition.models import Classifier, SupportClass, SupportImage, SupportSet

router = Router(tags=["Support sets"])

JSON_BODY = (400, 413, 415, 422)
"""What can be wrong with a JSON body."""
UPLOAD = (400, 411, 413, 415, 422, 429)
"""What can be wrong with uploaded pictures."""


def _support_set(request: ApiRequest, support_set_id: UUID) -> SupportSet:
    """Find a support set of the asker's."""
    return get_object_or_404(SupportSet.objects.owned_by(request.auth), pk=support_set_id)


def _image(request: ApiRequest, support_set_id: UUID, image_id: UUID) -> SupportImage:
    """Find a picture in a support set of the asker's."""
    images = SupportImage.objects.owned_by(request.auth).present().select_related("support_class")
    return get_object_or_404(images, pk=image_id, support_class__support_set=support_set_id)


def _class(request: ApiRequest, support_set_id: UUID, name: str) -> SupportClass:
    """Find a class in a support set of the asker's, however its name is spelt."""
    classes = _support_set(request, support_set_id).classes.present()
    return get_object_or_404(classes, name=clean_name(name))


@router.post("", auth=TRAIN, response={201: SupportSetOut, **responses(*JSON_BODY, 429)})
def create_support_set(request: ApiRequest, body: NewSupportSet) -> Status[SupportSet]:
    """Make an empty support set."""
    return Status(201, services.create_support_set(owner=request.auth, name=body.name))


@router.get("", auth=READ, response={200: list[SupportSetSummary], **responses(422)})
@paginate(Pages)
def list_support_sets(request: ApiRequest) -> QuerySet[SupportSet]:
    """List your support sets, newest first."""
    return SupportSet.objects.owned_by(request.auth)


@router.get("/{uuid:support_set_id}", auth=READ, response={200: SupportSetOut, **responses(404)})
def read_support_set(request: ApiRequest, support_set_id: UUID) -> SupportSet:
    """Read a support set: its classes in their order, each with its count and the ids of its pictures."""
    return _support_set(request, support_set_id)


@router.patch("/{uuid:support_set_id}", auth=TRAIN, response={200: SupportSetOut, **responses(404, *JSON_BODY)})
def change_support_set(request: ApiRequest, support_set_id: UUID, body: SupportSetChanges) -> SupportSet:
    """Rename the support set or its classes, or put the classes in another order; all of it or nothing."""
    return services.change_support_set(
        support_set=_support_set(request, support_set_id),
        name=body.name,
        class_names=body.class_names,
        order=body.order,
        may_improve_models=body.may_improve_models,
    )


@router.delete("/{uuid:support_set_id}", auth=TRAIN, response={204: None, **responses(404)})
def delete_support_set(request: ApiRequest, support_set_id: UUID) -> Status[None]:
    """Delete a support set with its pictures and its classifiers."""
    services.delete_support_set(support_set=_support_set(request, support_set_id))
    return Status(204, None)


@router.delete(
    "/{uuid:support_set_id}/classes/{name:class_name}", auth=TRAIN, response={204: None, **responses(404, 422)}
)
def delete_class(request: ApiRequest, support_set_id: UUID, class_name: str) -> Status[None]:
    """Delete a class with its pictures. Names that an address cannot carry, `.` and `..`, go into the query below."""
    services.delete_class(support_class=_class(request, support_set_id, class_name))
    return Status(204, None)


@router.delete("/{uuid:support_set_id}/classes", auth=TRAIN, response={204: None, **responses(404, 422)})
def delete_class_named(request: ApiRequest, support_set_id: UUID, which: Query[ClassNamed]) -> Status[None]:
    """Delete a class with its pictures, whatever its name."""
    services.delete_class(support_class=_class(request, support_set_id, which.name))
    return Status(204, None)


@router.post(
    "/{uuid:support_set_id}/images",
    auth=TRAIN,
    response={201: UploadOut, **responses(404, *UPLOAD), 422: NothingAccepted},
)
def add_images(
    request: ApiRequest, support_set_id: UUID, class_name: Form[Text], images: File[list[UploadedFile]]
) -> Status[services.UploadReport]:
    """Add pictures to a class, which is made if it is new. Good pictures are kept even if others are refused."""
    report = services.add_images(
        support_set=_support_set(request, support_set_id), class_name=class_name, files=list(images)
    )
    return Status(201 if report.accepted else 422, report)


@router.patch(
    "/{uuid:support_set_id}/images/{uuid:image_id}", auth=TRAIN, response={200: ImageOut, **responses(404, *JSON_BODY)}
)
def move_image(request: ApiRequest, support_set_id: UUID, image_id: UUID, body: ImageChanges) -> SupportImage:
    """Move a picture to another class of its support set."""
    return services.move_image(image=_image(request, support_set_id, image_id), class_name=body.class_name)


@router.delete("/{uuid:support_set_id}/images/{uuid:image_id}", auth=TRAIN, response={204: None, **responses(404)})
def delete_image(request: ApiRequest, support_set_id: UUID, image_id: UUID) -> Status[None]:
    """Delete a picture."""
    services.delete_image(image=_image(request, support_set_id, image_id))
    return Status(204, None)


@router.post(
    "/{uuid:support_set_id}/classifiers", auth=TRAIN, response={202: JobStarted, **responses(404, *JSON_BODY, 429)}
)
def learn(request: ApiRequest, support_set_id: UUID, body: NewClassifier) -> Status[Classifier]:
    """Start to learn the support set as it is now. Read the classifier until its status is ready."""
    classifier = services.start_classifier(
        owner=request.auth, support_set=_support_set(request, support_set_id), checkpoint=body.checkpoint
    )
    return Status(202, classifier)
