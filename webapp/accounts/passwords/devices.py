"""Browsers that somebody signed in with before: guessing elsewhere does not lock them out.

A signed cookie holds a random id and, of each user who signed in there, a keyed hash of who they are and of their
password (OWASP, "Device cookies"): with a new password a browser is unknown until it was told it. The cookie opens
nothing by itself; it says which count a wrong password goes to.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "device"
DAYS = 365
MOST_USERS = 5
"""How many users one browser is known for; the latest ones."""


def device_of(request: HttpRequest, username: str) -> str:
    """Return the id of the asker's browser if the user of exactly that name signed in with it before, else nothing."""
    device, *marks = _known(request)
    user = User.objects.filter(username=username).first() if marks else None
    return device if user and _mark(user) in marks else ""


def remember(request: HttpRequest, user: User) -> None:
    """Have the answer to this request say that the user, with the password of now, has signed in with this browser."""
    device, *marks = _known(request)
    marks = [mark for mark in marks if mark != _mark(user)][-MOST_USERS + 1 :]
    request.device = ".".join([device or secrets.token_urlsafe(12), *marks, _mark(user)])  # type: ignore[attr-defined]


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie that `remember` asked for, if it did."""
    if device := getattr(request, "device", ""):
        safe = {"secure": settings.SESSION_COOKIE_SECURE, "httponly": True, "samesite": "Lax"}
        response.set_signed_cookie(COOKIE, device, salt=COOKIE, max_age=DAYS * 86_400, **safe)


def _known(request: HttpRequest) -> list[str]:
    value = request.get_signed_cookie(COOKIE, default="", salt=COOKIE, max_age=DAYS * 86_400)
    return (value or "").split(".")


def _mark(user: User) -> str:
    """Return what a cookie knows a user by: not by the name, since two names may be one where they are folded."""
    return salted_hmac("device", f"{user.pk} {user.get_session_auth_hash()}", algorithm="sha256").hexdigest()[:20]
