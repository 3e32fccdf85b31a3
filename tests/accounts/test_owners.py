"""A visitor becomes a guest when something is first made, and takes it along on signing in."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.utils import timezone

from tests.refusals import refused
from webapp.accounts import services
from webapp.accounts.models import Allowance, Attempts, Owner
from webapp.core.errors import UserError
from webapp.recognition.models import SupportSet
from webapp.recognition.services import create_support_set

pytestmark = pytest.mark.django_db


def request_of(user: Any = None, session: SessionStore | None = None) -> HttpRequest:
    request = HttpRequest()
    request.user = user or AnonymousUser()
    request.session = session or SessionStore()
    return request


def test_a_visitor_who_only_looks_is_nobody() -> None:
    request = request_of()
    assert services.owner_of(request) is None
    assert not Owner.objects.exists()
    assert services.GUEST_KEY not in request.session


def test_a_guest_stays_the_same_within_the_session() -> None:
    request = request_of()
    guest = services.owner_for_writing(request)
    assert guest.is_guest
    assert services.owner_of(request) == guest
    assert services.owner_for_writing(request) == guest
    assert services.owner_of(request_of()) is None


def test_a_user_is_one_owner_from_any_session() -> None:
    user = User.objects.create_user("teacher")
    assert services.owner_for_writing(request_of(user)) == services.owner_of(request_of(user))
    assert Owner.objects.count() == 1


def test_signing_in_takes_along_what_the_guest_made() -> None:
    user = User.objects.create_user("teacher")
    adult = services.owner_of_user(user=user)
    create_support_set(owner=adult, name="Older")
    guest = services.owner_for_writing(request_of())
    create_support_set(owner=guest, name="Newer")
    services.spend(owner=guest, name="uploads", per_minute=5)
    assert services.adopt_guest(owner=guest, user=user) == adult
    assert SupportSet.objects.owned_by(adult).count() == 2
    assert not Owner.objects.filter(guest_id__isnull=False).exists()
    assert not Allowance.objects.exists()


def test_signing_in_with_nothing_made_is_fine() -> None:
    user = User.objects.create_user("teacher")
    assert services.adopt_guest(owner=None, user=user).user == user


def test_an_owner_that_is_a_user_already_is_not_adopted() -> None:
    first, second = User.objects.create_user("first"), User.objects.create_user("second")
    create_support_set(owner=services.owner_of_user(user=first), name="Mine")
    adult = services.adopt_guest(owner=services.owner_of_user(user=first), user=second)
    assert not SupportSet.objects.owned_by(adult).exists()


def test_being_seen_is_noted_now_and_then() -> None:
    request = request_of()
    services.owner_for_writing(request)
    Owner.objects.update(last_seen=timezone.now() - timedelta(hours=2))
    before = timezone.now()
    services.owner_of(request)
    assert Owner.objects.get().last_seen >= before


def test_a_share_a_minute_is_used_up_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    owner = Owner.objects.create(guest_id="x")
    assert [services.spend(owner=owner, name="uploads", per_minute=2) for _ in range(2)] == [0, 0]
    assert services.spend(owner=owner, name="uploads", per_minute=2) == 60
    assert services.spend(owner=owner, name="other", per_minute=2) == 0
    Allowance.objects.update(opened=now - timedelta(seconds=45))
    assert services.spend(owner=owner, name="uploads", per_minute=2) == 15
    Allowance.objects.update(opened=now - timedelta(seconds=60))
    assert services.spend(owner=owner, name="uploads", per_minute=2) == 0


def guests_from(address: str) -> int:
    """Let three visitors from an address make something, and return how many of them became guests."""
    before = Owner.objects.count()
    for _ in range(3):
        request = request_of()
        request.META["REMOTE_ADDR"] = address
        with suppress(UserError):
            services.owner_for_writing(request)
    return Owner.objects.count() - before


def test_an_address_brings_so_many_guests_an_hour(settings: Any) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "guests_per_hour": 2}
    assert guests_from("192.0.2.1") == 2
    assert guests_from("192.0.2.2") == 2
    assert guests_from("2001:db8::1") == 2
    assert guests_from("2001:db8::ffff:1") == 0, "one network of 64 bits is one address"
    assert guests_from("2001:db8:0:1::1") == 2
    assert guests_from("192.0.2.1") == 0
    request = request_of()
    request.META["REMOTE_ADDR"] = "192.0.2.1"
    with refused("too_often", match="Too many new visitors came from your network") as caught:
        services.owner_for_writing(request)
    assert (caught.value.status, caught.value.details["retry_after"]) == (429, pytest.approx(3600, abs=100))
    Attempts.objects.update(opened=timezone.now() - timedelta(hours=1))
    assert guests_from("192.0.2.1") == 2
    assert not Attempts.objects.filter(subject__contains="192.0.2.1").exists(), "the address is not kept"


def test_a_server_that_tells_no_address_refuses_nobody(settings: Any) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "guests_per_hour": 2}
    assert guests_from("") == 3
