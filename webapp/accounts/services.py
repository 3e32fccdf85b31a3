"""Who the owner of a request is, what guests take along when they sign in, and how often things may be done."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from webapp.accounts.models import Allowance, Owner
from webapp.accounts.throttles import GUESTS, network_of, take, use

GUEST_KEY = "guest_id"
"""Where a session keeps the id of its guest: inside, so that it survives the new key at sign-in."""
MOST_USED = 2**31 - 1
"""The most that the column holds."""
SEEN_EVERY = datetime.timedelta(minutes=10)
WINDOW = datetime.timedelta(minutes=1)


def owner_of(request: HttpRequest) -> Owner | None:
    """Return who makes the request, or None for a visitor who has made nothing yet."""
    if request.user.is_authenticated:
        return seen(_owner_of_user(request.user))
    guest_id = request.session.get(GUEST_KEY)
    return seen(Owner.objects.filter(guest_id=guest_id).first()) if guest_id else None


def owner_for_writing(request: HttpRequest) -> Owner:
    """Return who makes the request, making a guest of a visitor: call it when something is first made.

    Raise UserError where more new guests came from the visitor's network than may in an hour.
    """
    owner = owner_of(request)
    if owner is None:
        if network := network_of(request):  # a server behind a local socket tells none
            take([use(GUESTS, network)])
        owner = Owner.objects.create(guest_id=secrets.token_urlsafe(24))
        request.session[GUEST_KEY] = owner.guest_id
        request.owner = owner  # type: ignore[attr-defined]
    return owner


def owner_of_user(*, user: AbstractBaseUser) -> Owner:
    """Return the owner that a user is, making it the first time."""
    return _owner_of_user(user)


def _owner_of_user(user: Any) -> Owner:
    return Owner.objects.get_or_create(user=user)[0]


def seen(owner: Owner | None) -> Owner | None:
    """Record now and then that an owner is still there."""
    now = timezone.now()
    if owner is not None and now - owner.last_seen > SEEN_EVERY:
        Owner.objects.filter(pk=owner.pk).update(last_seen=now)
        owner.last_seen = now
    return owner


@transaction.atomic
def adopt_guest(*, owner: Owner | None, user: AbstractBaseUser) -> Owner:
    """Move everything a guest made to the user who signs up or in, and return the user's owner."""
    adult = _owner_of_user(user)
    if owner is None or not owner.is_guest:
        return adult
    Owner.objects.hold(owner)
    for relation in Owner._meta.related_objects:
        if relation.related_model is not Allowance:
            made = cast("type[Any]", relation.related_model)._default_manager
            made.filter(**{relation.field.name: owner}).update(**{relation.field.name: adult})
    owner.delete()
    return adult


@transaction.atomic
def spend(*, owner: Owner, name: str, per_minute: int) -> int:
    """Count one use of ``name``; return 0, or the seconds to wait if this minute's share is used up."""
    if not Owner.objects.hold(owner):
        return 0  # a guest who has signed in meanwhile
    now = timezone.now()
    row = Allowance.objects.select_for_update().get_or_create(owner=owner, name=name, defaults={"opened": now})[0]
    if now - row.opened >= WINDOW:
        row.opened, row.used = now, 0
    if row.used >= per_minute:
        return max(1, round((row.opened + WINDOW - now).total_seconds()))
    row.used += 1
    row.save(update_fields=["opened", "used"])
    return 0


@transaction.atomic
def charge(*, owner: Owner, amounts: Mapping[str, int]) -> None:
    """Count what was used of some limits a minute; what is beyond a minute's share is taken from the next ones.

    Of a guest who has signed in meanwhile nothing is counted any more.
    """
    if not Owner.objects.hold(owner):
        return
    now = timezone.now()
    for name, amount in amounts.items():
        row = Allowance.objects.select_for_update().get_or_create(owner=owner, name=name, defaults={"opened": now})[0]
        row.used = min(_carried(row, now) + amount, MOST_USED)
        row.opened = now if now - row.opened >= WINDOW else row.opened
        row.save(update_fields=["opened", "used"])


def seconds_to_wait(*, owner: Owner, names: Iterable[str], share: float = 1.0) -> int:
    """Return 0, or the seconds until an owner has something left of a share, 0 to 1, of each of these limits."""
    now = timezone.now()
    return max((_wait(row, share, now) for row in owner.allowances.filter(name__in=[*names])), default=0)


def _carried(row: Allowance, now: datetime.datetime) -> int:
    """Return what counts now of what was used: each minute that has passed since lets a minute's share go."""
    return max(0, row.used - (now - row.opened) // WINDOW * settings.GLIMPSE_LIMITS[row.name])


def _wait(row: Allowance, share: float, now: datetime.datetime) -> int:
    limit = settings.GLIMPSE_LIMITS[row.name]
    excess = _carried(row, now) - round(limit * share)
    if excess < 0:
        return 0
    left = WINDOW - (now - row.opened) % WINDOW
    return max(1, round((left + excess // limit * WINDOW).total_seconds()))
