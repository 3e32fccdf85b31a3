"""Answers that several pages give: a refusal in words, a fragment with a message to undo what was done."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from webapp.core.errors import Refusal
from webapp.core.requests import HtmxRequest

STOP_POLLING = 286
"""The status by which htmx asks no more."""


def refusal(request: HtmxRequest, error: Refusal) -> HttpResponse:
    """Show why a request was refused: as JSON to our own scripts, else as a page."""
    response: HttpResponse
    if request.htmx and error.details.get("refused"):
        response = render(request, "components/refusals.html", error.details, status=error.status)
    elif request.htmx:
        response = JsonResponse({"code": error.code, "message": error.message}, status=error.status)
    else:
        context = {"message": error.message, "status": error.status, "back": _came_from(request)}
        context["refused"] = error.details.get("refused", [])
        response = render(request, "refused.html", context, status=error.status)
    if "retry_after" in error.details:
        response["Retry-After"] = str(error.details["retry_after"])
    return response


def fragment(
    request: HtmxRequest, template: str, context: dict[str, Any], *, status: int = 200, headers: dict[str, str]
) -> HttpResponse:
    """Answer htmx with a piece of a page, and headers that say what to do with it."""
    return HttpResponse(render_to_string(template, context, request), status=status, headers=headers)


def go(request: HtmxRequest, to: str, *args: object) -> HttpResponse:
    """Send the browser to another page, whether htmx asks or a plain form."""
    response = redirect(to, *args)
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": response["Location"]})
    return response


def done(
    request: HtmxRequest,
    to: str,
    *args: object,
    undo: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Answer a change: nothing but a message to htmx, the page again to a plain form.

    ``undo`` is the message and the address that undoes the change; ``headers`` tell htmx what else to do.
    """
    if not request.htmx:
        return redirect(to, *args)
    html = ""
    if undo:
        html = render_to_string("components/toast.html", {"sentence": undo[0], "undo_url": undo[1]}, request)
    return HttpResponse(html, headers=headers)


def _came_from(request: HttpRequest) -> str:
    page = request.headers.get("Referer", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}) else "/"
