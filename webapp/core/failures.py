"""Errors that nobody foresaw: each has an id, which its answer shows and the log knows."""

from __future__ import annotations

import logging
import uuid

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseServerError
from django.template import loader
from django.urls import resolve

logger = logging.getLogger(__name__)

HEADER = "Failure-Id"
"""Where an answer with the status 500 names its id to scripts."""


def log_failure(request: HttpRequest, error: BaseException | None) -> str:
    """Log an error with its traceback, and return the id that the person can quote."""
    failure_id = uuid.uuid4().hex[:12]
    logger.error("Failure %s at %s %s", failure_id, request.method, _address(request), exc_info=error or True)
    return failure_id


def page_failed(request: HttpRequest) -> HttpResponse:
    """Answer for a page that failed; without a request's context, so that no database is asked for it."""
    failure_id = log_failure(request, None)
    page = loader.get_template("500.html").render({"failure_id": failure_id})
    return HttpResponseServerError(page, headers={HEADER: failure_id})


def _address(request: HttpRequest) -> str:
    """Return the pattern of an address with the ids in it: what else a path holds may be a name."""
    try:
        match = resolve(request.path_info)
    except Http404:
        return "an unknown address"
    ids = [f"{name}={value}" for name, value in match.kwargs.items() if isinstance(value, int | uuid.UUID)]
    return " ".join([f"/{match.route}", *ids])
