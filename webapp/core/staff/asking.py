"""What the pages of staff share: who asks, and the answer after which a page asks no more."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest

STOP_POLLING = 286
"""The status by which htmx asks no more."""


def who_asks(request: HttpRequest) -> User:
    """Return who is signed in, as everyone in the admin is."""
    return cast(User, request.user)
