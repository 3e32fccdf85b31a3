"""Who asks: the owner of the token in the request."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from webapp.accounts import services
from webapp.accounts.models import Owner


class ApiRequest(HttpRequest):
    """A request whose token was found."""

    auth: Owner


class TokenAuth(HttpBearer):
    """``Authorization: Bearer TOKEN``."""

    def authenticate(self, request: HttpRequest, token: str) -> Owner | None:
        """Return who the token belongs to, if anyone."""
        return services.owner_of_token(secret=token)
