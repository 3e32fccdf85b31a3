"""How often things may be tried: wrong passwords, wrong tokens, accounts and letters.

A try is counted before the work is done, in one transaction with the look at the limit, so that tries sent together
are no more than those sent one by one; whoever turns out to be right gets it back. What is counted is a keyed hash of
an address or a name. Nothing here asks whether a name exists, so no answer tells.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_stubs_ext import StrOrPromise

from webapp.accounts.models import Attempts
from webapp.core import requests
from webapp.core.errors import UserError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Throttle:
    """How many tries of a kind there may be in a window of time: the limit of this name in ``GLIMPSE_LIMITS``."""

    name: str
    minutes: int
    refusal: StrOrPromise

    @property
    def limit(self) -> int:
        """Return how many tries there may be in a window."""
        return settings.GLIMPSE_LIMITS[self.name]


_FOR_NAME = _("Too many wrong passwords for this name. “Forgot your password?” resets it by e-mail meanwhile.")
NAME_FROM_ADDRESS = Throttle("wrong_passwords_per_name_and_address", 15, _FOR_NAME)
NAME = Throttle("wrong_passwords_per_name", 15, _FOR_NAME)
ADDRESS = Throttle("wrong_passwords_per_address", 15, _("Too many wrong passwords from your network."))
DEVICE = Throttle("wrong_passwords_per_device", 15, _FOR_NAME)
OWN_PASSWORD = Throttle("wrong_own_passwords", 15, _("Too many wrong passwords."))
SIGN_UPS = Throttle("sign_ups_per_address", 60, _("Too many accounts are being made from your network."))
GUESTS = Throttle("guests_per_hour", 60, _("Too many new visitors came from your network. Sign up or in to go on."))
TOKENS = Throttle("wrong_tokens_per_address", 15, _("Too many requests with a wrong token from your network."))
RESETS = Throttle("resets_per_address", 60, _("Too many letters are asked for from your network."))
LETTERS = Throttle("letters_per_mail_address", 60, _("Too many letters to this address are asked for."))
COPIES = Throttle("copies_per_owner", 60, _("You took several copies just now."))


@dataclass(frozen=True)
class Use:
    """One try, and of whom."""

    throttle: Throttle
    subject: str


def use(throttle: Throttle, whose: str) -> Use:
    """Return a try of somebody's: a name, a network, an id; only its keyed hash is kept."""
    subject = unicodedata.normalize("NFKC", whose).casefold()
    return Use(throttle, salted_hmac(throttle.name, subject.encode(errors="replace"), algorithm="sha256").hexdigest())


def network_of(request: HttpRequest) -> str:
    """Return what stands for the asker's address; nothing where a server behind a local socket tells none."""
    return requests.network_of(request.META.get("REMOTE_ADDR", ""))


def take(uses: Sequence[Use]) -> None:
    """Count one try of each; raise UserError, and count none, where one of them has had all that it may."""
    for one in uses:  # read without a lock: whoever is refused already makes nobody wait
        if row := Attempts.objects.filter(throttle=one.throttle.name, subject=one.subject).first():
            _require_room(one.throttle, row)
    with transaction.atomic():
        for one in sorted(uses, key=lambda one: (one.throttle.name, one.subject)):  # so that no two wait for each other
            rows = Attempts.objects.select_for_update()
            row = rows.get_or_create(throttle=one.throttle.name, subject=one.subject)[0]
            _require_room(one.throttle, row)
            row.used += 1
            row.save(update_fields=["opened", "used"])


def give_back(uses: Iterable[Use]) -> None:
    """Uncount a try that was right."""
    for one in uses:
        rows = Attempts.objects.filter(throttle=one.throttle.name, subject=one.subject, used__gt=0)
        rows.update(used=F("used") - 1)


def forget() -> None:
    """Delete what was counted before any window that is still open: a chore that the clock calls."""
    Attempts.objects.filter(opened__lt=timezone.now() - timedelta(hours=1)).delete()


def _require_room(throttle: Throttle, row: Attempts) -> None:
    """Open a new window where the last one is over; raise UserError where an open one is used up."""
    now, window = timezone.now(), timedelta(minutes=throttle.minutes)
    if now - row.opened >= window:
        row.opened, row.used = now, 0
    if row.used < throttle.limit:
        return
    seconds = max(1, round((row.opened + window - now).total_seconds()))
    minutes = -(-seconds // 60)
    wait = ngettext("Wait %(n)d minute, then try again.", "Wait %(n)d minutes, then try again.", minutes)
    logger.warning("Refused by the limit %s for %d s.", throttle.name, seconds)
    raise UserError("too_often", f"{throttle.refusal} {wait % {'n': minutes}}", retry_after=seconds)
