"""Every error of the API has one shape, ``{"code", "message"}``, and the 4xx that says whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import Field

from webapp.core.errors import Refusal
from webapp.core.failures import HEADER, log_failure

MOST_COMPLAINTS = 5
"""How many wrong fields one answer names."""


class Problem(Schema):
    """What went wrong: a code for programs and a sentence for people."""

    code: str = Field(examples=["not_found"])
    message: str = Field(examples=["There is nothing at this address that belongs to you."])


def responses(*statuses: int) -> dict[int, type[Problem]]:
    """Document these error statuses of an operation, and those that every operation has."""
    return dict.fromkeys(sorted({401, 403, 429, 500, 503, *statuses}), Problem)


def problem(
    status: int, *, code: str, message: str, headers: Mapping[str, str] | None = None, **more: Any
) -> HttpResponse:
    """Return an error of the API."""
    return JsonResponse({"code": code, "message": message, **more}, status=status, headers=headers)


def plain_problem(status: int, *, message: str = "", headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return an error of which little more is known than its status."""
    code, usual = _plain_words(status)
    return problem(status, code=code, message=message or usual, headers=headers)


def failure_problem(failure_id: str) -> HttpResponse:
    """Return the error for a logged failure, with the id that the person can quote."""
    message = _("Something went wrong on our side. It is logged as %(number)s.") % {"number": failure_id}
    return problem(500, code="our_fault", message=message, headers={HEADER: failure_id})


def _plain_words(status: int) -> tuple[str, str]:
    """Return the code and the sentence of a bare status."""
    match status:
        case 404:
            return "not_found", _("There is nothing at this address that belongs to you.")
        case 405:
            return "method_not_allowed", _("This address does not take that method. See /api/v1/docs.")
        case 413:
            return "too_large", _("The request is too large.")
        case _ if status >= 500:
            return "our_fault", _("Something went wrong on our side. Please try again in a moment.")
        case _:
            return HTTPStatus(status).name.lower(), _("The request could not be understood. See /api/v1/docs.")


def _refusal(request: HttpRequest, error: Refusal) -> HttpResponse:
    """Return the answer to a refusal, with when to try again."""
    details = dict(error.details)
    wait = details.pop("retry_after", None)
    headers = {"Retry-After": str(wait)} if wait else {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return problem(error.status, code=error.code, message=error.message, headers=headers, **details)


def _not_found(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return the same answer for what does not exist and for what is someone else’s."""
    return plain_problem(404)


def _no_token(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    message = _("Send a valid token: Authorization: Bearer TOKEN. You can make one on your account page.")
    return problem(401, code="unauthorized", message=message, headers={"WWW-Authenticate": "Bearer"})


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Return an answer that names the fields that are wrong, and why."""
    complaints = [f"{_field(item['loc'])}: {item['msg']}" for item in error.errors[:MOST_COMPLAINTS]]
    return problem(422, code="invalid", message="; ".join(complaints))


def _field(location: tuple[Any, ...]) -> str:
    """Return a field's name as its sender knows it: without where ninja found it."""
    source, *names = map(str, location)
    if source == "body":
        names = names[1:]
    return ".".join(names) or _("the body")


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Return the answer to the parser's own refusal, or to ninja's words."""
    if isinstance(error.__cause__, Refusal):
        return _refusal(request, error.__cause__)
    code, _message = _plain_words(error.status_code)
    return problem(error.status_code, code=code, message=str(error))


def _malformed(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(400, code="malformed", message=_("The body of the request is malformed or breaks off."))


def _too_large(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(413, code="too_large", message=_("The request holds too many files or fields, or too much text."))


def _our_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """Log what nobody foresaw, and return the answer that names its id."""
    return failure_problem(log_failure(request, error))


def register_handlers(api: NinjaAPI) -> None:
    """Register an answer for every exception that an operation can raise."""
    handlers: dict[type[Exception], Any] = {
        Refusal: _refusal,
        Http404: _not_found,
        ObjectDoesNotExist: _not_found,
        AuthenticationError: _no_token,
        ValidationError: _invalid,
        HttpError: _http_error,
        MultiPartParserError: _malformed,
        UnreadablePostError: _malformed,
        RequestDataTooBig: _too_large,
        TooManyFilesSent: _too_large,
        TooManyFieldsSent: _too_large,
        Exception: _our_fault,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
