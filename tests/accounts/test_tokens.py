"""Tokens open the API for their user; only their digest is kept."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from webapp.accounts import services, tokens
from webapp.accounts.models import ApiToken, Owner

pytestmark = pytest.mark.django_db


def owner_of(secret: str) -> Owner | None:
    token = tokens.token_of(secret=secret)
    return token.owner if token else None


def test_a_token_leads_to_its_owner_and_is_not_kept() -> None:
    owner = Owner.objects.create(guest_id="x")
    row, secret = tokens.create_token(owner=owner, name="script")
    assert owner_of(secret) == owner
    assert secret not in str(ApiToken.objects.values().get(pk=row.pk))
    assert ApiToken.objects.get(pk=row.pk).last_used is not None


@pytest.mark.parametrize("secret", ["", "x", "\ud800", "é" * 5000])
def test_a_wrong_token_leads_nowhere(secret: str) -> None:
    assert owner_of(secret) is None


def test_the_token_of_a_user_who_may_not_sign_in_leads_nowhere() -> None:
    user = User.objects.create_user("teacher", is_active=False)
    _row, secret = tokens.create_token(owner=services.owner_of_user(user=user))
    assert owner_of(secret) is None


def test_the_command_makes_the_user_and_prints_only_the_token() -> None:
    out = io.StringIO()
    call_command("create_api_token", "teacher", stdout=out)
    call_command("create_api_token", "teacher", stdout=out)
    first, second = out.getvalue().splitlines()
    assert first != second
    user = User.objects.get()
    assert not user.has_usable_password()
    for secret in (first, second):
        owner = owner_of(secret)
        assert owner is not None
        assert owner.user == user


def test_the_command_refuses_a_name_that_no_user_can_have() -> None:
    with pytest.raises(CommandError):
        call_command("create_api_token", "not a name!")
