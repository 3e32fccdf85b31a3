"""The link that lets somebody choose a new password without the old one; it works once, for an hour."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from webapp.accounts.passwords import letters


def minutes() -> int:
    """Return for how long a link holds."""
    return settings.PASSWORD_RESET_TIMEOUT // 60


def path_of(user: User) -> str:
    """Return the path of a new link; it holds until it is used, or the user signs in otherwise."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(user)])


def send_link(user: User) -> None:
    """Send a user the link to their confirmed address."""
    values: dict[str, object] = {"user": user, "link": letters.link_to(path_of(user)), "minutes": minutes()}
    subject = _("A new password for Glimpse")
    letters.send(to=user.email, subject=subject, template="accounts/letters/reset.txt", values=values)
