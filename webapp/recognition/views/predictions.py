"""Answers: shown as soon as they are ready, corrected, downloaded, deleted."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.requests import OwnedRequest
from webapp.core.responses import STOP_POLLING, done, fragment
from webapp.jobs import services as jobs
from webapp.recognition import selectors, services
from webapp.recognition.methods.strangers import strangers_in_words
from webapp.recognition.models import Prediction, Query


@require_safe
def show(request: OwnedRequest, prediction_id: UUID) -> HttpResponse:
    """Show one prediction on a page of its own."""
    prediction = _find_prediction(request, prediction_id)
    context = {**_answers(prediction), "strangers": strangers_in_words(prediction.classifier)}
    return render(request, "recognition/prediction.html", context)


@require_safe
def status(request: OwnedRequest, prediction_id: UUID) -> HttpResponse:
    """Show that it is still at work, or show the answers and end the polling."""
    prediction = _find_prediction(request, prediction_id)
    if prediction.is_active:
        return render(request, "recognition/_prediction_wait.html", {"prediction": prediction})
    headers = {"HX-Retarget": f"#prediction-{prediction_id}", "HX-Reswap": "outerHTML"}
    context = {**_answers(prediction), "fresh": True}
    return fragment(request, "recognition/_prediction.html", context, status=STOP_POLLING, headers=headers)


@require_POST
def cancel(request: OwnedRequest, prediction_id: UUID) -> HttpResponse:
    prediction = _find_prediction(request, prediction_id)
    jobs.cancel(prediction)
    if not request.htmx:
        return redirect("prediction", prediction_id)
    return render(request, "recognition/_prediction.html", _answers(prediction))


@require_POST
def delete(request: OwnedRequest, prediction_id: UUID) -> HttpResponse:
    """Delete the answers with their pictures."""
    prediction = _find_prediction(request, prediction_id)
    services.delete_prediction(prediction=prediction)
    return done(request, "classifier", prediction.classifier_id)


@require_safe
def as_csv(request: OwnedRequest, prediction_id: UUID) -> HttpResponse:
    """Return the answers as a CSV file."""
    text = services.predictions_csv(prediction=_find_prediction(request, prediction_id))
    headers = {"Content-Disposition": 'attachment; filename="glimpse.csv"'}
    return HttpResponse(text.encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=headers)


@require_POST
def correct(request: OwnedRequest, query_id: UUID) -> HttpResponse:
    """Correct the class of a query picture, which puts it into the support set."""
    owned = Query.objects.owned_by(request.owner).select_related(
        "prediction__classifier", "prediction__owner", "kept_as"
    )
    query = get_object_or_404(owned, id=query_id)
    services.correct(query=query, class_name=request.POST.get("class_name", ""))
    if not request.htmx:
        return redirect("prediction", query.prediction_id)
    context = {"query": query, "present_ids": selectors.nearest_present([query])}
    return render(request, "recognition/_result.html", context)


def fresh_prediction(request: OwnedRequest, prediction: Prediction) -> HttpResponse:
    """Return the place of a new prediction among the results, where its answers will appear."""
    if not request.htmx:
        return redirect("prediction", prediction.id)
    refused = render_to_string("components/refusals.html", {"refused": prediction.refused}, request)
    section = render_to_string("recognition/_prediction.html", _answers(prediction), request)
    return HttpResponse(refused + section)


def _answers(prediction: Prediction) -> dict[str, Any]:
    return {"prediction": prediction, "present_ids": selectors.nearest_present(prediction.queries.all())}


def _find_prediction(request: OwnedRequest, prediction_id: UUID) -> Prediction:
    owned = (
        Prediction.objects.owned_by(request.owner).select_related("classifier__checkpoint").prefetch_related("queries")
    )
    return get_object_or_404(owned, id=prediction_id)
