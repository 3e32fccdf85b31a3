"""What pages answer while the storage does not answer them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from webapp.core.requests import HtmxRequest
from webapp.core.responses import refusal
from webapp.storage.addresses import StorageDown


class StorageDownMiddleware:
    """Answer a request that needs a file with 503 and a sentence, in place of an error of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        return self.get_response(request)

    def process_exception(self, request: HtmxRequest, exception: Exception) -> HttpResponse | None:
        """Answer for what the view raised."""
        return refusal(request, exception) if isinstance(exception, StorageDown) else None
