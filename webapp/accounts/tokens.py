"""Tokens for the REST API: made, found by their secret, revoked."""

from __future__ import annotations

import datetime
import hashlib
import secrets

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mlcore.data.names import clean
from webapp.accounts.models import ApiToken, Owner, Scope
from webapp.accounts.services import SEEN_EVERY, owner_of_user, seen
from webapp.core.errors import UserError

USUAL_DAYS = 90
NEVER = 0
"""As a number of days: the token does not expire."""


@transaction.atomic
def create_token(
    *, owner: Owner, name: str = "", scope: str = Scope.TRAIN, days: int = USUAL_DAYS
) -> tuple[ApiToken, str]:
    """Make a token; return its row and the secret itself, which is shown once and not kept.

    Raise UserError where the owner has as many tokens as may be, those that have expired included.
    """
    Owner.objects.hold(owner)
    limit = settings.GLIMPSE_LIMITS["tokens"]
    if ApiToken.objects.owned_by(owner).count() >= limit:
        message = _("You have %(n)d tokens, and no more may be. Revoke one that you no longer need, then try again.")
        raise UserError("limit_reached", message % {"n": limit}, field="name")
    secret = secrets.token_urlsafe(32)
    expires = timezone.now() + datetime.timedelta(days=days) if days else None
    values = {"name": clean(name)[:64], "scope": Scope(scope), "expires": expires, "digest": _digest(secret)}
    return ApiToken.objects.create(owner=owner, **values), secret


def create_user_token(*, username: str, scope: str = Scope.TRAIN, days: int = USUAL_DAYS) -> str:
    """Make a token for the user of that name, who is made without a password if need be; return the secret."""
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User(username=username)
        user.set_unusable_password()
        user.full_clean(exclude=["password"])
        user.save()
    owner = owner_of_user(user=user)
    return create_token(owner=owner, name=_("made on the command line"), scope=scope, days=days)[1]


def token_of(*, secret: str) -> ApiToken | None:
    """Return the token of a secret, or None if there is none or its user may not sign in.

    Raise UserError where its time is up.
    """
    token = ApiToken.objects.select_related("owner__user").filter(digest=_digest(secret)).first()
    if token is None or (token.owner.user is not None and not token.owner.user.is_active):
        return None
    if token.expires is not None and token.is_expired:
        message = _("This token expired on %(day)s. Make a new one on your account page.")
        raise UserError("token_expired", message % {"day": token.expires.date().isoformat()})
    now = timezone.now()
    if token.last_used is None or now - token.last_used > SEEN_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used=now)
    seen(token.owner)
    return token


def revoke_all(*, owner: Owner) -> int:
    """Delete every token of an owner, and return how many there were."""
    return ApiToken.objects.owned_by(owner).delete()[0]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
