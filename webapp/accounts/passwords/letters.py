"""Letters to people: to confirm an e-mail address, to tell of a changed one, to reset a password.

They are written and sent beside the request, so that no answer waits for a letter. Their links begin with
``GLIMPSE_URL``, never with what a request says of its host, which whoever asks may make up.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from webapp.accounts import throttles
from webapp.accounts.throttles import use

logger = logging.getLogger(__name__)

SALT = "confirmed-address"
HOURS = 24
"""How long a link that confirms an address holds."""
_postman = ThreadPoolExecutor(max_workers=1, thread_name_prefix="letters")


def send(*, to: str, subject: str, template: str, values: dict[str, object]) -> None:
    """Write a letter and send it in a moment; one that cannot be sent is logged, without its address."""
    _postman.submit(_deliver, to, subject, template, values)


def link_to(path: str) -> str:
    """Return the link of a letter to a page of the site."""
    return f"{settings.GLIMPSE_URL}{path}"


def ask_to_confirm(request: HttpRequest, user: User, address: str) -> None:
    """Send to an address the link that makes it the user's; raise UserError where that is asked for too often."""
    throttles.take([use(throttles.LETTERS, address), use(throttles.RESETS, throttles.network_of(request))])
    values = {"user": user.pk, "address": address, "state": _state(user)}
    link = link_to(reverse("address_confirm", args=[signing.dumps(values, salt=SALT)]))
    known: dict[str, object] = {"username": user.username, "link": link, "hours": HOURS}
    subject = _("Confirm your e-mail address at Glimpse")
    send(to=address, subject=subject, template="accounts/letters/confirm.txt", values=known)


def address_of(token: str) -> tuple[User, str] | None:
    """Return whose address a link confirms, and which; none once it was used, changed otherwise, or is too old."""
    try:
        values = signing.loads(token, salt=SALT, max_age=HOURS * 3600)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=values["user"], is_active=True).first()
    return (user, values["address"]) if user and values["state"] == _state(user) else None


def set_address(user: User, address: str) -> None:
    """Set the address of a user, and tell the one that they had before."""
    before, user.email = user.email, address
    user.save(update_fields=["email"])
    if before and before != address:
        known: dict[str, object] = {"username": user.username, "address": address}
        subject = _("Your e-mail address at Glimpse was changed")
        send(to=before, subject=subject, template="accounts/letters/changed.txt", values=known)


def _state(user: User) -> str:
    """Return what a link holds with: the password and the address that there are, so that it works once."""
    return salted_hmac(SALT, f"{user.password}{user.email}", algorithm="sha256").hexdigest()[:20]


def _deliver(to: str, subject: str, template: str, values: dict[str, object]) -> None:
    try:
        EmailMessage(" ".join(subject.split()), render_to_string(template, values), to=[to]).send()
    except Exception:
        logger.exception("A letter could not be sent.")
