"""Who asks for a page of staff."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest


def who_asks(request: HttpRequest) -> User:
    """Return who is signed in, as everyone in the admin is."""
    return cast(User, request.user)
