"""Predictions: read, corrected, deleted."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Router, Status

from webapp.api.auth import CLASSIFY, READ, TRAIN, ApiRequest
from webapp.api.errors import responses
from webapp.api.schemas.recognition import Corrected, Correction, PredictionOut
from webapp.recognition import services
from webapp.recognition.models import Prediction, SupportImage

router = Router(tags=["Predictions"])


def _prediction(request: ApiRequest, prediction_id: UUID) -> Prediction:
    """Find a prediction of the asker's."""
    return get_object_or_404(Prediction.objects.owned_by(request.auth), pk=prediction_id)


@router.get("/{uuid:prediction_id}", auth=READ, response={200: PredictionOut, **responses(404)})
def read_prediction(request: ApiRequest, prediction_id: UUID) -> Prediction:
    """Read the answers, or how the work on them stands."""
    return _prediction(request, prediction_id)


@router.delete("/{uuid:prediction_id}", auth=CLASSIFY, response={204: None, **responses(404)})
def delete_prediction(request: ApiRequest, prediction_id: UUID) -> Status[None]:
    """Delete a prediction with its query pictures."""
    services.delete_prediction(prediction=_prediction(request, prediction_id))
    return Status(204, None)


@router.post(
    "/{uuid:prediction_id}/corrections",
    auth=TRAIN,
    response={201: Corrected, **responses(400, 404, 409, 413, 415, 422)},
)
def correct(request: ApiRequest, prediction_id: UUID, body: Correction) -> Status[SupportImage]:
    """Say what a query picture really shows: it goes into the support set, ready to be learned again."""
    kept = services.correct_file(
        prediction=_prediction(request, prediction_id), file=body.file, class_name=body.class_name
    )
    return Status(201, kept)
