"""Letters to people: to confirm an e-mail address, to tell of a changed one, to reset a password.

They are sent beside the request, so that an answer takes as long where nothing is sent as where something is.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

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


def send(*, to: str, subject: str, body: str) -> None:
    """Send a letter in a moment; one that cannot be sent is logged, without its address."""
    _postman.submit(_deliver, EmailMessage(" ".join(subject.split()), body, to=[to]))


def ask_to_confirm(request: HttpRequest, user: User, address: str) -> None:
    """Send to an address the link that makes it the user's; raise UserError where that is asked for too often."""
    throttles.take([use(throttles.LETTERS, address), use(throttles.RESETS, throttles.network_of(request))])
    values = {"user": user.pk, "address": address, "state": _state(user)}
    link = request.build_absolute_uri(reverse("address_confirm", args=[signing.dumps(values, salt=SALT)]))
    body = render_to_string("accounts/letters/confirm.txt", {"username": user.username, "link": link, "hours": HOURS})
    send(to=address, subject=_("Confirm your e-mail address at Glimpse"), body=body)


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
        body = render_to_string("accounts/letters/changed.txt", {"username": user.username, "address": address})
        send(to=before, subject=_("Your e-mail address at Glimpse was changed"), body=body)


def _state(user: User) -> str:
    """Return what a link holds with: the password and the address that there are, so that it works once."""
    return salted_hmac(SALT, f"{user.password}{user.email}", algorithm="sha256").hexdigest()[:20]


def _deliver(letter: EmailMessage) -> None:
    try:
        letter.send()
    except Exception:
        logger.exception("A letter could not be sent.")
