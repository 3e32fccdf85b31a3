"""The classifier page: learning, then predictions."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.requests import OwnedRequest
from webapp.core.forms import sent_pictures
from webapp.core.responses import STOP_POLLING, done, fragment, go
from webapp.recognition import selectors, services
from webapp.recognition.methods.strangers import strangers_in_words
from webapp.recognition.models import Classifier
from webapp.recognition.retention import guest_hours, query_hours
from webapp.recognition.trust.findings import FindingsReport
from webapp.recognition.trust.quality import QualityReport
from webapp.recognition.views.predictions import fresh_prediction

PER_PAGE = 24
PREDICTIONS_SHOWN = 12
QUERIES_READY = "queries_ready"
"""The session's key for classifiers whose queries are at hand: id -> the address that asks them."""


@require_safe
def my_classifiers(request: OwnedRequest) -> HttpResponse:
    """List everything the owner made."""
    page = Paginator(selectors.support_sets_of(request.owner), PER_PAGE).get_page(request.GET.get("page"))
    context = {"support_sets": selectors.summaries_of(page.object_list), "page": page, "guest_hours": guest_hours()}
    return render(request, "recognition/my_classifiers.html", context)


@require_safe
def show(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    """Show how learning goes, or take queries and show the predictions."""
    return render(request, "recognition/classifier.html", _page(request, find_classifier(request, classifier_id)))


@require_safe
def status(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    """Show how far learning is; once it is over, show the whole page and end the polling."""
    classifier = find_classifier(request, classifier_id)
    if classifier.is_active:
        return render(request, "recognition/_job.html", {"classifier": classifier})
    headers = {"HX-Retarget": "#classifier-body", "HX-Reswap": "innerHTML"}
    context = _page(request, classifier)
    return fragment(request, "recognition/_classifier_body.html", context, status=STOP_POLLING, headers=headers)


@require_POST
def cancel(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    classifier = services.cancel_classifier(classifier=find_classifier(request, classifier_id))
    if not request.htmx:
        return redirect("classifier", classifier_id)
    return render(request, "recognition/_classifier_body.html", _page(request, classifier))


@require_POST
def rename(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    classifier = find_classifier(request, classifier_id)
    services.rename_classifier(classifier=classifier, name=request.POST.get("name", ""))
    return done(request, "classifier", classifier_id)


@require_POST
def delete(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    """Delete the classifier and its predictions; the support set stays."""
    classifier = find_classifier(request, classifier_id)
    support_set_id = classifier.support_set_id
    services.delete_classifier(classifier=classifier)
    if request.POST.get("from") == "list":
        return done(request, "my_classifiers")
    return go(request, "support_set", support_set_id)


@require_POST
def ask(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    """Start a prediction for the pictures that were sent."""
    classifier = find_classifier(request, classifier_id)
    prediction = services.start_prediction(owner=classifier.owner, classifier=classifier, files=sent_pictures(request))
    return fresh_prediction(request, prediction)


def find_classifier(request: OwnedRequest, classifier_id: UUID) -> Classifier:
    """Return a classifier of the owner; raise Http404 if there is none."""
    owned = Classifier.objects.owned_by(request.owner).select_related("checkpoint", "owner")
    return get_object_or_404(owned, id=classifier_id)


def remember_queries(request: OwnedRequest, classifier: Classifier, url: str) -> None:
    """Let the classifier's page ask queries that are at hand as soon as it has learned, by a POST to an address."""
    request.session[QUERIES_READY] = {**request.session.get(QUERIES_READY, {}), str(classifier.id): url}


def quality_context(classifier: Classifier) -> dict[str, Any]:
    """Return what the section on quality lays out: the report, and which of its pictures are still there."""
    report = QualityReport(classifier)
    confused = [image_id for confusion in report.confusions for image_id in confusion.image_ids]
    return {"report": report, "quality": report.row, "confused_present": selectors.present_ids(confused)}


def _page(request: OwnedRequest, classifier: Classifier) -> dict[str, Any]:
    predictions = selectors.predictions_of(classifier, PREDICTIONS_SHOWN)
    queries = (query for prediction in predictions for query in prediction.queries.all())
    return {
        "classifier": classifier,
        "class_covers": selectors.class_covers(classifier),
        **quality_context(classifier),
        "findings": FindingsReport(classifier),
        "newer": services.newer_checkpoint(classifier=classifier),
        "predictions": predictions,
        "strangers": strangers_in_words(classifier),
        "present_ids": selectors.nearest_present(queries),
        "queries_ready_url": "" if predictions else request.session.get(QUERIES_READY, {}).get(str(classifier.id), ""),
        "query_hours": query_hours(),
        "limits": settings.GLIMPSE_LIMITS,
    }
