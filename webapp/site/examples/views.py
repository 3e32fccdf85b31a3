"""Start an example, and the prediction of its queries."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST

from webapp.accounts.requests import OwnedRequest
from webapp.accounts.services import owner_for_writing
from webapp.recognition.views.classifiers import find_classifier, remember_queries
from webapp.recognition.views.predictions import fresh_prediction
from webapp.site.examples import services
from webapp.site.examples.catalogue import EXAMPLES, Example


@require_POST
def start(request: OwnedRequest, slug: str) -> HttpResponse:
    """Make an example the visitor's own and go to its classifier, which asks the queries once it has learned."""
    classifier = services.start_example(owner=owner_for_writing(request), example=_find(slug))
    remember_queries(request, classifier, reverse("example_queries", args=[slug, classifier.id]))
    return redirect("classifier", classifier.id)


@require_POST
def ask(request: OwnedRequest, slug: str, classifier_id: UUID) -> HttpResponse:
    """Start the prediction of the example's queries."""
    prediction = services.ask_example(classifier=find_classifier(request, classifier_id), example=_find(slug))
    response = fresh_prediction(request, prediction)
    if request.htmx:
        response.content += render_to_string("site/examples/_asked.html").encode()
    return response


def _find(slug: str) -> Example:
    if slug not in EXAMPLES:
        raise Http404
    return EXAMPLES[slug]
