"""Someone else's object is not there, for whoever asks, at every address of the site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.admin import site as admin_site
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from tests.api.belongings import Belongings, belongings_of
from tests.api.client import picture
from webapp.accounts.models import ApiToken, Owner
from webapp.accounts.services import create_token, owner_of_user
from webapp.faces.services import give_consent
from webapp.site.examples.catalogue import EXAMPLES

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
WORDS = {"name": "New name", "class_name": "robin", "file": "query.png", "checkpoint": "characters", "order": None}
"""Fields enough for every form and every JSON body of the site."""
PUBLIC = {"slug": next(iter(EXAMPLES))}
"""Parameters that name what belongs to nobody."""


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Yield every route of the site but those of the admin, as `api/v1/support-sets/<uuid:support_set_id>`."""
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from () if pattern.app_name == "admin" else addresses(pattern, route)
        else:
            yield route


def parameters(route: str) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", route)


ROUTES = list(addresses(get_resolver()))
OWNED = [route for route in ROUTES if set(parameters(route)) - PUBLIC.keys()]
UNOWNED = [route for route in ROUTES if not parameters(route)]


def ids_of(owner: Owner, theirs: Belongings) -> dict[str, str]:
    """Return for each parameter of a route which object of an owner it can stand for."""
    token = ApiToken.objects.filter(owner=owner).first() or create_token(owner=owner)[0]
    rows = {
        "support_set_id": theirs.support_set,
        "class_id": theirs.support_class,
        "image_id": theirs.image,
        "classifier_id": theirs.classifier,
        "prediction_id": theirs.prediction,
        "query_id": theirs.query,
        "import_id": theirs.zip_import,
        "token_id": token,
        "person_id": theirs.person,
        "face_id": theirs.face,
        "question_id": theirs.questions["verify"],
    }
    return {**PUBLIC, **{name: str(row.pk) for name, row in rows.items()}, "class_name": theirs.support_class.name}


QUESTIONS = {"detections": "detect", "identifications": "identify", "enrolments": "enrol"}
"""Addresses of the API that read another kind of question about faces than a verification."""


def of_its_kind(route: str, theirs: Belongings, ids: dict[str, str]) -> dict[str, str]:
    """Put the question in the ids that the route is about."""
    kind = next((kind for word, kind in QUESTIONS.items() if f"/{word}/" in route), "verify")
    return {**ids, "question_id": str(theirs.questions[kind].pk)}


def filled(route: str, ids: dict[str, str]) -> str:
    """Put ids in the place of the parameters of a route."""
    unknown = set(parameters(route)) - ids.keys()
    assert not unknown, f"{route}: teach `ids_of` whose object {unknown} stands for, so that this test can try it."
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: ids[match[1]], route)


class Visitor:
    """Someone who opens addresses: with a session on the pages, with a token at the API."""

    def __init__(self, user: User | None) -> None:
        self.pages, self.api = Client(), Client()
        if user:
            self.pages.force_login(user)
            self.api = Client(headers={"Authorization": f"Bearer {create_token(owner=owner_of_user(user=user))[1]}"})

    def ask(self, method: str, address: str) -> HttpResponse:
        """Send a request with a body that suits the address; what it does is undone."""
        with undone():
            if not address.startswith("/api/"):
                return self.pages.generic(method, address, *form())
            response = self.api.generic(method, address, *json_body())
        with undone():
            return self.api.generic(method, address, *form()) if response.status_code == 415 else response


@contextmanager
def undone() -> Iterator[None]:
    """Roll back what the block writes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def form() -> tuple[bytes, str]:
    """Return a form with words and a picture, and its content type."""
    from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

    fields = {name: word for name, word in WORDS.items() if word is not None}
    return encode_multipart(BOUNDARY, {**fields, "images": picture(), "image": picture()}), MULTIPART_CONTENT


def json_body() -> tuple[bytes, str]:
    """Return a JSON body with words, and its content type."""
    import json

    return json.dumps(WORDS).encode(), "application/json"


@pytest.fixture
def ada(db: None) -> User:
    """Return the one whose things the others are after."""
    return User.objects.create_user("ada")


@pytest.fixture
def hers(ada: User) -> Belongings:
    """Return what is hers."""
    return belongings_of(owner_of_user(user=ada))


@pytest.fixture
def ben(db: None) -> User:
    """Return another user, with things of his own."""
    ben = User.objects.create_user("ben")
    belongings_of(owner_of_user(user=ben))
    return ben


@pytest.fixture
def staff(db: None) -> User:
    """Return someone who may do anything in the admin, and who has agreed to the notice on faces."""
    staff = User.objects.create_superuser("staff")
    give_consent(owner=owner_of_user(user=staff), gallery=True)
    return staff


@pytest.mark.parametrize("route", OWNED)
def test_someone_elses_object_is_404_for_everyone(
    route: str, ada: User, hers: Belongings, ben: User, staff: User
) -> None:
    address = filled(route, of_its_kind(route, hers, ids_of(owner_of_user(user=ada), hers)))
    owner, others = Visitor(ada), [Visitor(ben), Visitor(staff)]
    nobody, nobodys_status = Visitor(None), 401 if address.startswith("/api/") else 404
    if address.startswith("/faces/"):
        nobodys_status = 403  # who has not agreed to the notice is told of that, whatever the address
    tried = [method for method in METHODS if owner.ask(method, address).status_code != 405]
    assert tried
    for method in tried:
        assert owner.ask(method, address).status_code not in (401, 403, 404), method
        assert [other.ask(method, address).status_code for other in others] == [404, 404], method
        assert nobody.ask(method, address).status_code == nobodys_status, method


@pytest.mark.parametrize("route", [route for route in OWNED if len(set(parameters(route)) - PUBLIC.keys()) > 1])
def test_ones_own_object_is_no_way_to_someone_elses(route: str, ada: User, hers: Belongings, ben: User) -> None:
    his = owner_of_user(user=ben)
    his_set = his.support_sets.get()
    mixed = {"support_set_id": str(his_set.pk), "person_id": str(his.people.get().pk)}
    address = filled(route, {**ids_of(owner_of_user(user=ada), hers), **mixed})
    if "class_name" in parameters(route):
        his_set.classes.all().delete()
    owner, thief = Visitor(ada), Visitor(ben)
    for method in METHODS:
        assert owner.ask(method, address).status_code in (404, 405), method
        assert thief.ask(method, address).status_code in (404, 405), method


@pytest.mark.parametrize("route", UNOWNED)
def test_no_other_page_shows_someone_elses_object(
    route: str, ada: User, hers: Belongings, ben: User, staff: User
) -> None:
    ids = ids_of(owner_of_user(user=ada), hers)
    secrets = [ids[name].encode() for name in ids if name.endswith("_id")]
    for visitor in (Visitor(None), Visitor(ben), Visitor(staff)):
        answer = visitor.ask("GET", filled(route, {}))
        shown = b"" if answer.streaming else answer.content
        assert [secret for secret in secrets if secret in shown] == []


@pytest.mark.parametrize("model", list(admin_site._registry), ids=lambda model: model.__name__)
def test_the_admin_shows_no_picture_and_is_for_staff(model: type, hers: Belongings, ben: User, staff: User) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"  # type: ignore[attr-defined]
    pages = [reverse(f"{name}_changelist")]
    pages += [reverse(f"{name}_change", args=[row.pk]) for row in model._default_manager.all()]  # type: ignore[attr-defined]
    hidden = [hers.image.file.name, hers.image.thumbnail.name, hers.query.file.name, hers.query.thumbnail.name]
    hidden += [hers.image.original_name, hers.query.original_name, "/pictures/", "/queries/"]
    for page in pages:
        shown = Visitor(staff).pages.get(page).content.decode()
        assert [text for text in hidden if text in shown] == []
        for visitor in (Visitor(None), Visitor(ben)):
            assert visitor.pages.get(page).status_code in (302, 403, 404)
