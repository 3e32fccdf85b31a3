"""Browsers that somebody signed in with before: guessing elsewhere does not lock them out.

A signed cookie holds a random id and keyed hashes of the names that signed in there (OWASP, "Device cookies"). It opens
nothing by itself; it says which count a wrong password goes to.
"""

from __future__ import annotations

import secrets
import unicodedata

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "device"
DAYS = 365
MOST_NAMES = 5
"""How many names one browser is known for; the latest ones."""


def device_of(request: HttpRequest, username: str) -> str:
    """Return the id of the asker's browser if that name signed in with it before, else nothing."""
    device, *names = _known(request)
    return device if _hashed(username) in names else ""


def remember(request: HttpRequest, username: str) -> None:
    """Have the answer to this request say that the name has signed in with this browser."""
    device, *names = _known(request)
    names = [name for name in names if name != _hashed(username)][-MOST_NAMES + 1 :]
    request.device = ".".join([device or secrets.token_urlsafe(12), *names, _hashed(username)])  # type: ignore[attr-defined]


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie that `remember` asked for, if it did."""
    if device := getattr(request, "device", ""):
        safe = {"secure": settings.SESSION_COOKIE_SECURE, "httponly": True, "samesite": "Lax"}
        response.set_signed_cookie(COOKIE, device, salt=COOKIE, max_age=DAYS * 86_400, **safe)


def _known(request: HttpRequest) -> list[str]:
    value = request.get_signed_cookie(COOKIE, default="", salt=COOKIE, max_age=DAYS * 86_400)
    return (value or "").split(".")


def _hashed(username: str) -> str:
    name = unicodedata.normalize("NFKC", username).casefold()
    return salted_hmac("device", name.encode(errors="replace"), algorithm="sha256").hexdigest()[:20]
