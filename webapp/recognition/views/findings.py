"""What was found when a support set was looked over: mended or dismissed, one click each."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from webapp.accounts.requests import OwnedRequest
from webapp.recognition.trust.findings import FindingsReport
from webapp.recognition.trust.mending import mend as mend_finding
from webapp.recognition.views.classifiers import find_classifier


@require_POST
def mend(request: OwnedRequest, classifier_id: UUID) -> HttpResponse:
    """Move or delete a picture, dismiss what was found, or take that back; show what is left."""
    classifier = find_classifier(request, classifier_id)
    place, action = request.POST.get("finding", ""), request.POST.get("action", "")
    mend_finding(classifier=classifier, place=place, action=action)
    if not request.htmx:
        return redirect("classifier", classifier_id)
    context = {"classifier": classifier, "findings": FindingsReport(classifier)}
    return render(request, "recognition/_findings.html", context)
