"""What every page on faces does with a visitor who has not agreed to the notice: it shows the notice, as a 403."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from webapp.accounts.models import Owner
from webapp.accounts.requests import OwnedRequest
from webapp.core.errors import UserError
from webapp.core.responses import refusal
from webapp.faces import services
from webapp.faces.models import Consent

P = ParamSpec("P")


class ConsentedRequest(OwnedRequest):
    """A request of an owner who agreed to the notice."""

    owner: Owner
    consent: Consent


def consented(view: Callable[Concatenate[Any, P], HttpResponse]) -> Callable[Concatenate[Any, P], HttpResponse]:
    """Admit to a view those alone who agreed, keep its answers out of every cache, and show errors in words."""

    @never_cache
    @wraps(view)
    def wrapped(request: OwnedRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            cast("ConsentedRequest", request).consent = services.require_consent(owner=request.owner or None)
            return view(request, *args, **kwargs)
        except UserError as error:
            if error.code == "consent_needed" and not request.htmx:
                return render(request, "faces/notice.html", notice_context(request), status=error.status)
            return refusal(request, error)

    return wrapped


def notice_context(request: OwnedRequest) -> dict[str, Any]:
    """Return what the notice says: the consent that stands, and how long things are kept."""
    return {
        "consent": services.consent_of(owner=request.owner or None),
        "next": request.path if request.method == "GET" else "",
        "minutes": settings.GLIMPSE_LIMITS["face_answer_seconds"] // 60,
        "days": settings.GLIMPSE_LIMITS["face_consent_days"],
        "gallery_hours": round(settings.GLIMPSE_GALLERY_HOURS),
    }
