"""The pages about the site itself: the start page and what it keeps of whom."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.accounts.requests import OwnedRequest
from webapp.recognition import selectors
from webapp.recognition.retention import guest_hours, query_hours, undo_hours
from webapp.site.examples.catalogue import EXAMPLES

RECENT = 3


@require_safe
def home(request: OwnedRequest) -> HttpResponse:
    """Show what this does, and offer a new classifier, an example, and what was begun."""
    recent = selectors.summaries_of(selectors.support_sets_of(request.owner)[:RECENT])
    context = {"examples": EXAMPLES.values(), "recent": recent, "guest_hours": guest_hours()}
    return render(request, "site/home.html", context)


@require_safe
def privacy(request: OwnedRequest) -> HttpResponse:
    """Show what is kept, for how long, and what the limits are."""
    limits = settings.GLIMPSE_LIMITS
    context = {
        "limits": limits,
        "guest_hours": guest_hours(),
        "query_hours": query_hours(),
        "undo_hours": undo_hours(),
        "gallery_hours": round(settings.GLIMPSE_GALLERY_HOURS),
        "face_minutes": limits["face_answer_seconds"] // 60,
        "face_days": limits["face_consent_days"],
    }
    return render(request, "site/privacy.html", context)
