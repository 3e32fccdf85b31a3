"""A token does what its scope allows, until it expires; every operation says which scope it needs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone
from ninja import Router

from webapp.accounts.models import ApiToken, Owner, Scope
from webapp.accounts.tokens import create_token
from webapp.api.site import add_router, api

from .belongings import Belongings
from .client import complaint

ASKING = {
    ("post", "/api/v1/classifiers/{classifier_id}/predictions"),
    ("delete", "/api/v1/predictions/{prediction_id}"),
    ("post", "/api/v1/faces/verify"),
    ("delete", "/api/v1/faces/verifications/{question_id}"),
    ("post", "/api/v1/faces/detect"),
    ("post", "/api/v1/faces/identify"),
}
"""What asks, or deletes an answer; beside it, GET reads and all else trains."""
OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method, path, operation)
    for path, operations in api.get_openapi_schema()["paths"].items()
    for method, operation in operations.items()
]


def needed(method: str, path: str) -> Scope:
    return Scope.READ if method == "get" else Scope.CLASSIFY if (method, path) in ASKING else Scope.TRAIN


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=[f"{m} {p}" for m, p, _o in OPERATIONS])
def test_an_operation_shows_its_scope_and_refuses_smaller_ones(
    method: str, path: str, operation: dict[str, Any], owner: Owner, birds: Belongings
) -> None:
    scope = needed(method, path)
    assert operation["x-scope"] == scope
    assert f"Scope: `{scope.value}`." in operation["description"]
    assert {"401", "403"} <= {str(status) for status in operation["responses"]}
    address = re.sub(r"\{\w+_id\}", str(birds.classifier.id), path).replace("{class_name}", "robin")
    for smaller in list(Scope)[: list(Scope).index(scope)]:
        client = Client(headers={"Authorization": f"Bearer {create_token(owner=owner, scope=smaller)[1]}"})
        body = complaint(client.generic(method.upper(), address), 403)
        assert body["code"] == "scope_needed"
        assert f"“{scope.value}”" in body["message"]
        assert f"“{smaller.value}”" in body["message"]
    client = Client(headers={"Authorization": f"Bearer {create_token(owner=owner, scope=scope)[1]}"})
    allowed = client.generic(method.upper(), address)
    assert b"scope_needed" not in allowed.content


def test_scopes_include_those_before_them() -> None:
    assert [[one.includes(other) for other in Scope] for one in Scope] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_an_operation_without_a_scope_keeps_the_site_from_starting() -> None:
    router = Router()

    @router.get("")
    def forgotten(request: Any) -> None:
        """Forget the scope."""

    with pytest.raises(ImproperlyConfigured, match="forgotten declares no scope"):
        add_router("/forgotten", router)


def test_an_expired_token_is_401_with_its_own_code(owner: Owner) -> None:
    row, secret = create_token(owner=owner, days=30)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    assert client.get("/api/v1/support-sets").status_code == 200
    ApiToken.objects.filter(pk=row.pk).update(expires=timezone.now() - timedelta(seconds=1))
    answer = client.get("/api/v1/support-sets")
    body = complaint(answer, 401)
    assert body["code"] == "token_expired"
    assert "Make a new one" in body["message"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"
