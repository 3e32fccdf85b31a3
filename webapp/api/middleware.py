"""Answers under ``/api/`` that no operation gave: they too are ``{"code", "message"}``."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from webapp.core.failures import HEADER

from .errors import failure_problem, plain_problem

API_PREFIX = "/api/"
BODY_HEADERS = {"content-type", "content-length", "content-encoding"}


def api_problems(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Turn the framework's own error pages under ``/api/`` into the API's errors, with their headers kept."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        foreign = request.path.startswith(API_PREFIX) and response.status_code >= 400
        return _as_problem(response) if foreign and not _is(response, "application/json") else response

    return middleware


def _is(response: HttpResponseBase, content_type: str) -> bool:
    """Return whether the answer is of this type."""
    return response.headers.get("Content-Type", "").startswith(content_type)


def _as_problem(response: HttpResponseBase) -> HttpResponse:
    """Rewrite an error page, keeping its words if it is plain text."""
    if failure_id := response.headers.get(HEADER):
        return failure_problem(failure_id)
    kept = {name: value for name, value in response.headers.items() if name.lower() not in BODY_HEADERS}
    says = response.content.decode() if _is(response, "text/plain") and isinstance(response, HttpResponse) else ""
    return plain_problem(response.status_code, message=says, headers=kept)
