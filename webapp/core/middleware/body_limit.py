"""How much one request may bring, looked at before any of it is read."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

MEGABYTE = 1024 * 1024


class BodyLimitMiddleware:
    """Refuse a body that is larger than any upload may be (413), or that does not say how large it is (411)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.headers.get("Content-Length", "")
        if "Transfer-Encoding" in request.headers:
            return _refusal(411, _("Say how long the request is, in Content-Length."))
        limit = _byte_limit(request, int(length)) if length.isdecimal() else 0
        if length.isdecimal() and int(length) > limit:
            message = _("A request may have at most %(n)d MB. Send fewer pictures at once.")
            return _refusal(413, message % {"n": limit // MEGABYTE})
        return self.get_response(request)


def _byte_limit(request: HttpRequest, length: int) -> int:
    """Return how much this address may be sent: more where staff upload data sets."""
    limit = settings.GLIMPSE_LIMITS["request_bytes"]
    if length <= limit:
        return limit
    try:
        name = resolve(request.path).view_name
    except Resolver404:
        return limit
    return settings.GLIMPSE_LIMITS["dataset_request_bytes"] if name in settings.GLIMPSE_LARGE_BODIES else limit


def _refusal(status: int, message: str) -> HttpResponse:
    return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
