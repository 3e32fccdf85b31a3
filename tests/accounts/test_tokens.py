"""Tokens open the API for their user; only their digest is kept."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from webapp.accounts import services, tokens
from webapp.accounts.models import ApiToken, Owner, Scope

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


def test_a_token_made_by_default_trains_for_ninety_days() -> None:
    row, _secret = tokens.create_token(owner=Owner.objects.create(guest_id="x"))
    assert row.scope == Scope.TRAIN
    assert row.expires is not None
    assert round((row.expires - row.created) / timedelta(days=1)) == 90


def test_the_command_takes_a_scope_and_an_end() -> None:
    call_command("create_api_token", "teacher", "--scope", "read", "--days", "0", stdout=io.StringIO())
    row = ApiToken.objects.get()
    assert (row.scope, row.expires, row.is_expired) == (Scope.READ, None, False)
    for wrong in (["--scope", "everything"], ["--days", "-1"]):
        with pytest.raises(CommandError):
            call_command("create_api_token", "teacher", *wrong)


def test_twenty_tokens_are_enough_for_anybody(client: Client) -> None:
    user = User.objects.create_user("teacher")
    owner = services.owner_of_user(user=user)
    for _n in range(20):
        tokens.create_token(owner=owner)
    with pytest.raises(CommandError, match="Revoke one"):
        call_command("create_api_token", "teacher")
    client.force_login(user)
    answer = client.post("/account/tokens/", {"name": "one more", "scope": "read", "days": "30"})
    assert answer.status_code == 422
    assert "Revoke one that you no longer need" in answer.content.decode()
    assert owner.api_tokens.count() == 20


def test_the_page_makes_a_token_that_reads_for_ninety_days_unless_told_otherwise(client: Client) -> None:
    user = User.objects.create_user("teacher")
    client.force_login(user)
    form = client.get("/account/").context["token_form"]
    usual = {name: str(field.initial) for name, field in form.fields.items()}
    assert (usual["scope"], usual["days"]) == ("read", "90")
    assert client.post("/account/tokens/", {**usual, "name": ""}).status_code == 422
    assert client.post("/account/tokens/", usual).status_code == 200
    row = ApiToken.objects.get()
    assert (row.name, row.scope) == ("My program", Scope.READ)
    ApiToken.objects.update(expires=timezone.now())
    assert "expired" in client.get("/account/").content.decode()


def test_all_tokens_are_revoked_at_once_and_nobody_elses(client: Client) -> None:
    user, other = User.objects.create_user("teacher"), User.objects.create_user("other")
    for owner in (services.owner_of_user(user=user), services.owner_of_user(user=other)):
        tokens.create_token(owner=owner)
        tokens.create_token(owner=owner)
    client.force_login(user)
    client.post("/account/tokens/revoke/")
    assert [token.owner.user for token in ApiToken.objects.all()] == [other, other]


@pytest.mark.parametrize(("sent", "left"), [({"revoke": "on"}, 0), ({}, 1)])
def test_a_new_password_revokes_tokens_if_asked_to_and_ends_other_sessions(
    client: Client, sent: dict[str, str], left: int
) -> None:
    user = User.objects.create_user("teacher", password="a quiet harbour at dawn")
    tokens.create_token(owner=services.owner_of_user(user=user))
    elsewhere = Client()
    for browser in (client, elsewhere):
        browser.force_login(user)
    assert client.get("/account/").context["password_form"].fields["revoke"].initial is True
    new = {"new_password1": "another harbour at dusk", "new_password2": "another harbour at dusk"}
    client.post("/account/password/", {"old_password": "a quiet harbour at dawn", **new, **sent})
    assert ApiToken.objects.count() == left
    assert client.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302


def test_a_password_set_by_staff_revokes_the_tokens(client: Client) -> None:
    user = User.objects.create_user("teacher")
    tokens.create_token(owner=services.owner_of_user(user=user))
    client.force_login(User.objects.create_superuser("staff"))
    new = {"password1": "another harbour at dusk", "password2": "another harbour at dusk", "usable_password": "true"}
    assert client.post(f"/admin/auth/user/{user.pk}/password/", new).status_code == 302
    assert User.objects.get(pk=user.pk).check_password("another harbour at dusk")
    assert not ApiToken.objects.exists()
