"""Start page, My classifiers, privacy page."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.accounts.requests import OwnedRequest
from webapp.recognition import selectors
from webapp.site.examples.catalogue import EXAMPLES

PER_PAGE = 24
RECENT = 3


@require_safe
def home(request: OwnedRequest) -> HttpResponse:
    """Say what this does, and offer a new classifier, an example, and what was begun."""
    recent = selectors.shelf(selectors.support_sets_of(request.owner)[:RECENT])
    context = {"examples": EXAMPLES.values(), "recent": recent, "guest_hours": guest_hours()}
    return render(request, "site/home.html", context)


@require_safe
def my_classifiers(request: OwnedRequest) -> HttpResponse:
    """List everything the owner made."""
    page = Paginator(selectors.support_sets_of(request.owner), PER_PAGE).get_page(request.GET.get("page"))
    context = {"support_sets": selectors.shelf(page.object_list), "page": page, "guest_hours": guest_hours()}
    return render(request, "recognition/my_classifiers.html", context)


@require_safe
def privacy(request: OwnedRequest) -> HttpResponse:
    """Say what is kept, for how long, and what the limits are."""
    limits = settings.GLIMPSE_LIMITS
    context = {
        "limits": limits,
        "guest_hours": guest_hours(),
        "query_hours": query_hours(),
        "gallery_hours": round(settings.GLIMPSE_GALLERY_HOURS),
        "face_minutes": limits["face_answer_seconds"] // 60,
        "face_days": limits["face_consent_days"],
    }
    return render(request, "site/privacy.html", context)


def guest_hours() -> int:
    """Return for how many hours a guest's things are kept."""
    hours: float = settings.GLIMPSE_GUEST_HOURS
    return round(hours)


def query_hours() -> int:
    """Return for how many hours query pictures are kept."""
    hours: float = settings.GLIMPSE_QUERY_HOURS
    return round(hours)
