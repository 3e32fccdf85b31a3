"""Who asks: the owner of the token in the request, and whether the token may do what it is used for.

Each operation names in its decorator one of the three below: that is the one place where its scope is declared. The
schema and its page show it, and `site.py` lets nobody use an operation that names none.
"""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from webapp.accounts import throttles, tokens
from webapp.accounts.models import Owner, Scope
from webapp.core.errors import UserError


class ApiRequest(HttpRequest):
    """A request whose token was found."""

    auth: Owner


class TokenAuth(HttpBearer):
    """``Authorization: Bearer TOKEN``, of a token with this scope or one that includes it."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Owner | None:
        """Return who the token belongs to, if anyone.

        Raise UserError if its time is up, its scope is too small, or too many wrong ones came from the same network.
        """
        row = tokens.token_of(secret=token)
        if row is None:
            throttles.take([throttles.use(throttles.TOKENS, throttles.network_of(request))])
            return None
        if not Scope(row.scope).includes(self.scope):
            message = _(
                "This needs a token with the scope “%(needed)s”; yours has “%(scope)s”. Make one on your account page."
            )
            raise UserError("scope_needed", message % {"needed": self.scope.value, "scope": row.scope})
        return row.owner


READ = TokenAuth(Scope.READ)
"""Whatever is only looked at."""
CLASSIFY = TokenAuth(Scope.CLASSIFY)
"""What asks: predictions and questions about faces, and the deletion of their answers."""
TRAIN = TokenAuth(Scope.TRAIN)
"""What makes, changes or deletes anything else."""
