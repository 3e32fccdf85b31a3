"""The matrix of access: every address, every operation and every action of the admin, for everybody who may come.

What is expected stands in `access_rules.py`; what there is, and who comes, in `world.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import RequestFactory

from tests.config.access_rules import ANSWERED, IN_AND_OUT, NOBODYS, ROLES, STAFF, Expected, needs_of, rule_of
from tests.config.addresses import addresses
from tests.config.world import BOOKKEEPING, MARK, Visitor, World, row_of
from webapp.accounts.models import OwnedQuerySet, Owner
from webapp.core.staff.people_list import PeopleListAdmin
from webapp.recognition.models import SupportSet

ADDRESSES = addresses()
OF_SITE = [address for address in ADDRESSES if not address.is_admin]
OF_ADMIN = [address for address in ADDRESSES if address.is_admin]
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
REFUSED = (401, 403, 404, 405)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def test_every_address_has_a_rule() -> None:
    without = [address.route for address in OF_SITE if rule_of(address) is None]
    without += [address.route for address in OF_ADMIN if needs_of(address) is None]
    assert without == [], "say in `access_rules.py` who may come to these"


def content_of(response: HttpResponse) -> bytes:
    if response.streaming:
        return b"".join(response.streaming_content)  # type: ignore[attr-defined]
    return response.content


def is_as(status: int, expected: Expected) -> bool:
    """Return whether a status is the expected one, or says that the address does not take the method."""
    if expected == ANSWERED:
        return status < 500 and status not in (401, 403, 404)
    return status in (expected, 405)


def complaints_of(visitor: Visitor, response: HttpResponse, what: str) -> Iterator[str]:
    """Yield what nobody but the owner is to see, and whatever fails."""
    if response.status_code >= 500:
        yield f"{what}: fails with {response.status_code}"
    if visitor.role != "owner" and MARK.encode() in content_of(response):
        yield f"{what}: shows the names of somebody else"


@pytest.mark.parametrize("role", ROLES)
def test_pages_and_operations_are_for_those_whose_they_are(role: str, world: World) -> None:
    visitor, ids, complaints = world.visitor(role), world.private_ids(), list[str]()
    for address in OF_SITE:
        path, rule = address.filled(world.values_for(address)), rule_of(address)
        assert rule, address.route
        is_somebodys = bool(set(address.parameters) - NOBODYS)
        for method in METHODS if address.is_api else METHODS[:2]:
            response, what = visitor.ask(method, path), f"{method} {address.route}"
            complaints += complaints_of(visitor, response, what)
            if not is_as(response.status_code, rule[role]):
                complaints.append(f"{what}: {response.status_code} instead of {rule[role]}")
            if rule[role] != ANSWERED and visitor.written - BOOKKEEPING:
                complaints.append(f"{what}: writes to {visitor.written - BOOKKEEPING}")
            if role != "owner" and not is_somebodys and any(number in content_of(response) for number in ids):
                complaints.append(f"{what}: shows an id of somebody else's")
    assert complaints == []


def test_the_owner_reads_the_names_that_nobody_else_does(world: World) -> None:
    owner = world.visitor("owner")
    paths = [address.filled(world.values_for(address)) for address in OF_SITE]
    assert sum(MARK.encode() in content_of(owner.ask("GET", path)) for path in paths) >= 20


def test_ones_own_object_is_no_way_to_someone_elses(world: World) -> None:
    mixed = {"support_set_id": str(world.his.support_set.pk), "person_id": str(world.his.person.pk)}
    thief, owner = world.visitor("another"), world.visitor("owner")
    nested = [address for address in OF_SITE if len(set(address.parameters) - NOBODYS) > 1]
    assert len(nested) > 10
    for address in nested:
        path = address.filled({**world.values_for(address), **mixed})
        for visitor in (thief, owner):
            for method in METHODS:
                response = visitor.ask(method, path)
                assert response.status_code in (404, 405), f"{visitor.role}: {method} {address.route}"
                assert not visitor.written - BOOKKEEPING


def may(role: str, need: str) -> bool:
    return role == "superuser" or need == "nothing" or (role == "viewer" and need == "view")


@pytest.mark.parametrize("role", ROLES)
def test_the_admin_is_for_staff_with_the_right_to_it_and_names_nothing_of_anybodys(role: str, world: World) -> None:
    visitor, complaints = world.visitor(role), list[str]()
    for address in OF_ADMIN:
        path, needs = address.filled(world.values_for(address)), needs_of(address)
        assert needs, address.route
        for method, need in zip(("GET", "POST"), needs, strict=True):
            response, what = visitor.ask(method, path), f"{method} {address.route}"
            complaints += complaints_of(visitor, response, what)
            complaints += _of_admin(visitor, response, need, what, for_all=bool(address.names & IN_AND_OUT))
    assert complaints == []


def _of_admin(visitor: Visitor, response: HttpResponse, need: str, what: str, *, for_all: bool) -> Iterator[str]:
    """Yield in what an answer of the admin differs from what somebody's rights say."""
    status, wrote = response.status_code, visitor.written - BOOKKEEPING
    to_login = status == 302 and "login" in response.headers["Location"]
    if visitor.role not in STAFF:
        if not (for_all or to_login or status in REFUSED):
            yield f"{what}: {status} for somebody who is not on the staff"
        if wrote and not for_all:
            yield f"{what}: writes to {wrote}"
    elif may(visitor.role, need):
        if need == "view" and visitor.role == "viewer" and (status in (401, 403) or wrote):
            yield f"{what}: {status} for somebody who may view, and writes to {wrote}"
    elif wrote or (what.startswith("GET") and status not in (*REFUSED, 302)):
        yield f"{what}: {status} without the right to {need}, and writes to {wrote}"


@pytest.mark.parametrize("role", ROLES)
def test_actions_on_rows_are_for_staff_with_the_right_to_them(role: str, world: World) -> None:
    visitor, complaints, tried = world.visitor(role), list[str](), 0
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    for model, model_admin in admin.site._registry.items():
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for action in model_admin.get_actions(request):
            tried += 1
            chosen: dict[str, Any] = {"action": action, "_selected_action": str(row_of(model).pk), "post": "yes"}
            response, what = visitor.ask("POST", path, **chosen), f"{action} {path}"
            complaints += complaints_of(visitor, response, what)
            if role != "superuser" and visitor.written - BOOKKEEPING:
                complaints.append(f"{what}: writes to {visitor.written - BOOKKEEPING}")
            if role not in STAFF and response.status_code != 302:
                complaints.append(f"{what}: {response.status_code}")
    assert tried
    assert complaints == []


def test_lists_of_what_people_own_have_nothing_behind_them_and_no_filter_but_those_shown(world: World) -> None:
    viewer = world.visitor("viewer")
    owned = [
        (model, model_admin)
        for model, model_admin in admin.site._registry.items()
        if model is Owner or isinstance(model._default_manager.all(), OwnedQuerySet)
    ]
    assert len(owned) >= 5
    for model, model_admin in owned:
        assert isinstance(model_admin, PeopleListAdmin), model
        assert not model_admin.search_fields
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert viewer.ask("GET", path).status_code == 200
        for field in {field.name for field in model._meta.concrete_fields} - set(model_admin.list_filter):
            assert viewer.ask("GET", f"{path}?{field}__startswith=a").status_code == 400, f"{model}: {field}"
        for page in ("change", "history", "delete"):
            assert viewer.ask("GET", f"{path}{row_of(model).pk}/{page}/").status_code == 404


def test_whoever_may_delete_users_deletes_what_they_made_too(world: World) -> None:
    path = f"/admin/auth/user/{world.ada.pk}/delete/"
    superuser = world.visitor("superuser")
    shown = superuser.ask("GET", path).content.decode()
    assert str(world.hers.support_set.pk) in shown
    assert str(world.token.pk) in shown
    assert superuser.pages.post(path, {"post": "yes"}).status_code == 302
    assert not Owner.objects.filter(pk=world.owner.pk).exists()
    assert not SupportSet.objects.filter(pk=world.hers.support_set.pk).exists()
