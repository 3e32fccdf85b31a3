"""Classifiers: read, cancelled, asked, deleted."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja import File, Query, Router, Status, UploadedFile
from ninja.pagination import paginate

from webapp.api.auth import CLASSIFY, READ, TRAIN, ApiRequest
from webapp.api.errors import responses
from webapp.api.pagination import Pages
from webapp.api.schemas.quality import QualityOut
from webapp.api.schemas.recognition import ClassifierOut, JobStarted, Patience, PredictionOut
from webapp.api.waiting import wait_for
from webapp.recognition import services
from webapp.recognition.models import Classifier, Prediction, Quality
from webapp.recognition.trust.quality import QualityReport

router = Router(tags=["Classifiers"])


def _classifier(request: ApiRequest, classifier_id: UUID) -> Classifier:
    """Find a classifier of the asker's."""
    owned = Classifier.objects.owned_by(request.auth).select_related("checkpoint")
    return get_object_or_404(owned, pk=classifier_id)


@router.get("", auth=READ, response={200: list[ClassifierOut], **responses(422)})
@paginate(Pages)
def list_classifiers(request: ApiRequest) -> QuerySet[Classifier]:
    """List your classifiers, newest first."""
    return Classifier.objects.owned_by(request.auth).prefetch_related("checkpoint")  # each card is read once


@router.get("/{uuid:classifier_id}", auth=READ, response={200: ClassifierOut, **responses(404)})
def read_classifier(request: ApiRequest, classifier_id: UUID) -> Classifier:
    """Read how a classifier stands."""
    return _classifier(request, classifier_id)


@router.post("/{uuid:classifier_id}/cancel", auth=TRAIN, response={200: ClassifierOut, **responses(404, 409)})
def cancel_classifier(request: ApiRequest, classifier_id: UUID) -> Classifier:
    """Stop learning. One that runs becomes cancelled a moment later."""
    return services.cancel_classifier(classifier=_classifier(request, classifier_id))


@router.get("/{uuid:classifier_id}/quality", auth=READ, response={200: QualityOut, **responses(404)})
def read_quality(request: ApiRequest, classifier_id: UUID) -> QualityReport:
    """Read how good a classifier is, or how finding that out stands."""
    return QualityReport(_classifier(request, classifier_id))


@router.post("/{uuid:classifier_id}/quality", auth=TRAIN, response={202: JobStarted, **responses(404, 409, 429)})
def measure_quality(request: ApiRequest, classifier_id: UUID) -> Status[Quality]:
    """Find out again how good a classifier is. It is done by itself after learning."""
    return Status(202, services.measure_quality(classifier=_classifier(request, classifier_id)))


@router.post("/{uuid:classifier_id}/quality/cancel", auth=TRAIN, response={200: QualityOut, **responses(404)})
def cancel_quality(request: ApiRequest, classifier_id: UUID) -> QualityReport:
    """Stop finding out how good a classifier is; the classifier itself stays as it is."""
    classifier = _classifier(request, classifier_id)
    services.cancel_quality(classifier=classifier)
    return QualityReport(classifier)


@router.delete("/{uuid:classifier_id}", auth=TRAIN, response={204: None, **responses(404)})
def delete_classifier(request: ApiRequest, classifier_id: UUID) -> Status[None]:
    """Delete a classifier with everything it was asked."""
    services.delete_classifier(classifier=_classifier(request, classifier_id))
    return Status(204, None)


@router.post(
    "/{uuid:classifier_id}/predictions",
    auth=CLASSIFY,
    tags=["Predictions"],
    response={200: PredictionOut, 202: JobStarted, **responses(400, 404, 409, 411, 413, 415, 422, 429)},
)
def predict(
    request: ApiRequest,
    classifier_id: UUID,
    images: File[list[UploadedFile]],
    patience: Query[Patience],
) -> Status[Prediction]:
    """Ask what pictures show. Answers at once with 202, or within ``wait`` seconds with the predictions."""
    started = services.start_prediction(
        owner=request.auth, classifier=_classifier(request, classifier_id), files=list(images)
    )
    prediction = wait_for(started, seconds=patience.wait)
    return Status(202 if prediction.is_active else 200, prediction)
