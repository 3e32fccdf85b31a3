"""Who may use the API."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.test import Client

from webapp.accounts.models import ApiToken, Owner

from .belongings import Belongings
from .client import ApiClient, complaint


def test_no_token_is_401_and_says_how_to_send_one(db: None) -> None:
    response = ApiClient(None).get("/support-sets")
    assert "Bearer" in complaint(response, 401)["message"]
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer wrong", "Basic YWRhOng=", "wrong", "Bearer é"])
def test_a_wrong_token_is_401(db: None, header: str) -> None:
    complaint(Client(headers={"Authorization": header}).get("/api/v1/support-sets"), 401)


def test_a_browsers_session_is_no_token(client: Client, owner: Owner, birds: Belongings) -> None:
    assert owner.user is not None
    client.force_login(owner.user)
    complaint(client.get(f"/api/v1/support-sets/{birds.support_set.id}"), 401)


def test_a_revoked_token_and_that_of_a_closed_account_are_401(api: ApiClient, owner: Owner) -> None:
    assert owner.user is not None
    owner.user.is_active = False
    owner.user.save()
    complaint(api.get("/support-sets"), 401)
    owner.user.is_active = True
    owner.user.save()
    assert api.get("/support-sets").status_code == 200
    ApiToken.objects.all().delete()
    complaint(api.get("/support-sets"), 401)


def test_the_command_prints_a_token_that_works_and_nothing_else(db: None) -> None:
    printed = io.StringIO()
    call_command("create_api_token", "carol", stdout=printed)
    token = printed.getvalue().strip()
    assert printed.getvalue().splitlines() == [token]
    client = Client(headers={"Authorization": f"Bearer {token}"})
    assert client.post("/api/v1/support-sets", {"name": "Mine"}, content_type="application/json").status_code == 201
    assert Owner.objects.get(user__username="carol").support_sets.count() == 1
    assert not ApiToken.objects.filter(digest=token).exists()
