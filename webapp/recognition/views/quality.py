"""How good a classifier is: shown while it is measured and after, measured again, broken off."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.requests import OwnedRequest
from webapp.core.responses import STOP_POLLING, fragment
from webapp.recognition import services
from webapp.recognition.models import Classifier
from webapp.recognition.trust.quality import QualityReport
from webapp.recognition.views.classifiers import find_classifier, quality_context

SECTION = "recognition/_quality.html"


@require_safe
def status(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    """Show how far measuring is; once it is over, show what came of it and end the polling."""
    classifier = find_classifier(request, classifier_id)
    if not request.htmx:
        return redirect("classifier", classifier_id)
    report = QualityReport(classifier)
    if report.row is not None and report.row.is_active:
        return render(request, "recognition/_quality_wait.html", {"quality": report.row})
    headers = {"HX-Retarget": "#quality", "HX-Reswap": "outerHTML"}
    context = {"classifier": classifier, **quality_context(classifier), "fresh": True}
    return fragment(request, SECTION, context, status=STOP_POLLING, headers=headers)


@require_POST
def measure(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    """Measure how good it is, once more if need be."""
    classifier = find_classifier(request, classifier_id)
    services.measure_quality(classifier=classifier)
    return _section(request, classifier)


@require_POST
def cancel(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    classifier = find_classifier(request, classifier_id)
    services.cancel_quality(classifier=classifier)
    return _section(request, classifier)


def _section(request: OwnedRequest, classifier: Classifier) -> HttpResponse:
    if not request.htmx:
        return redirect("classifier", classifier.pk)
    return render(request, SECTION, {"classifier": classifier, **quality_context(classifier)})
