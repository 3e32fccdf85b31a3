"""What pages answer when they refuse."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from webapp.core.errors import Refusal
from webapp.core.requests import HtmxRequest
from webapp.core.responses import refusal


class RefusalMiddleware:
    """Answer a Refusal that a view raised with its status and its sentence, in place of an error of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HtmxRequest, exception: Exception) -> HttpResponse | None:
        """Answer for what the view raised."""
        return refusal(request, exception) if isinstance(exception, Refusal) else None
