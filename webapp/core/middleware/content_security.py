"""What a browser may load from the site, and from the admin, whose pages need more."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

Policy = dict[str, list[str]]

SITE: Policy = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "blob:", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
ADMIN: Policy = {
    **SITE,
    "img-src": ["'self'", "data:"],
    "script-src": ["'self'", "'unsafe-eval'"],  # Alpine, of unfold, evaluates the attributes of its own templates
    "style-src": ["'self'", "'unsafe-inline'"],  # unfold states its colours in a style element
}


class AdminCSPMiddleware:
    """Set the admin's own policy on every answer under the admin's address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response._csp_replace = ADMIN  # type: ignore[attr-defined]
        return response
