"""Check passwords, no more often than guessing would need: at every page to sign in, the admin's included."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from webapp.accounts import throttles
from webapp.accounts.passwords import devices
from webapp.accounts.throttles import Use, use

logger = logging.getLogger(__name__)


class ThrottledBackend(ModelBackend):
    """Django's backend, with wrong passwords counted by name, by network, by both, and by known browser."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the user of a name and a password.

        Raise UserError where too many were wrong, whether there is such a name or not, and PermissionDenied, which ends
        the search, where these are.
        """
        if request is None or username is None or password is None:
            return super().authenticate(request, username=username, password=password, **kwargs)
        uses = uses_of(request, username)
        throttles.take(uses)
        user = super().authenticate(request, username=username, password=password, **kwargs)
        if user is None:
            raise PermissionDenied
        throttles.give_back(uses)
        devices.remember(request, user)
        logger.info("User %s signed in.", user.pk)
        return user


def uses_of(request: HttpRequest, username: str) -> list[Use]:
    """Return what a wrong password counts against: the browser alone, if that user has signed in with it before."""
    if device := devices.device_of(request, username):
        return [use(throttles.DEVICE, f"{device} {username}")]
    network = throttles.network_of(request)
    return [
        use(throttles.NAME_FROM_ADDRESS, f"{network} {username}"),
        use(throttles.NAME, username),
        use(throttles.ADDRESS, network),
    ]


def is_own_password(user: User, password: str) -> bool:
    """Return whether somebody who is signed in knows the password; raise UserError where too many were wrong."""
    uses = [use(throttles.OWN_PASSWORD, str(user.pk))]
    throttles.take(uses)
    right = user.check_password(password)
    if right:
        throttles.give_back(uses)
    return right
