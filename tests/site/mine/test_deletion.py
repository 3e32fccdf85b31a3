"""Whoever wants to be gone is gone: rows, files, tokens and sessions, and nothing of anybody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from tests.accounts.test_owned_rows import OWNED
from tests.api.belongings import Belongings, belongings_of
from webapp.accounts.models import Owner
from webapp.accounts.services import owner_of_user
from webapp.accounts.tokens import create_token
from webapp.checkpoints.models import Publication
from webapp.faces.models import FaceCrop
from webapp.recognition.models import SupportImage

pytestmark = pytest.mark.django_db
PASSWORD = "a quiet harbour at dawn"


@pytest.fixture
def hers() -> Belongings:
    return belongings_of(owner_of_user(user=User.objects.create_user("ada", "ada@example.org", PASSWORD)))


@pytest.fixture
def his() -> Belongings:
    return belongings_of(owner_of_user(user=User.objects.create_user("ben", password=PASSWORD)))


def rows_of(owner_id: Any) -> dict[str, int]:
    """Count what an owner has, of every kind there is."""
    counts = {
        model.__name__: model._default_manager.filter(**{path: owner_id}).count() for model, path in OWNED.items()
    }
    return {name: n for name, n in counts.items() if n}


def files(settings: Settings) -> set[str]:
    return {path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def test_an_account_goes_with_everything_and_leaves_others_be(
    hers: Belongings,
    his: Belongings,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ada, ben = hers.support_set.owner, his.support_set.owner
    assert ada.user is not None
    create_token(owner=ada)
    create_token(owner=ben)
    browsers = [Client(), Client(), Client()]
    for browser, user in zip(browsers, (ada.user, ada.user, ben.user), strict=True):
        browser.force_login(user)
    before, user_id = rows_of(ben.pk), ada.user.pk
    assert set(rows_of(ada.pk)) == set(before)
    page = browsers[0].get("/my/data/").content.decode()
    n_pictures = SupportImage.objects.owned_by(ada).present().count()
    assert f"Pictures in them: {n_pictures}." in page
    assert browsers[0].post("/my/data/delete/", {"password": "wrong"}).status_code == 422
    assert rows_of(ada.pk)
    with django_capture_on_commit_callbacks(execute=True):
        assert browsers[0].post("/my/data/delete/", {"password": PASSWORD}).headers["Location"] == "/"
    assert rows_of(ada.pk) == {}
    assert not User.objects.filter(username="ada").exists()
    assert FaceCrop.objects.count() == 1
    assert rows_of(ben.pk) == before
    kept = {Path(name).name for name in (his.image.file.name, his.image.thumbnail.name, his.query.file.name)}
    gone = {Path(name).name for name in (hers.image.file.name, hers.image.thumbnail.name, hers.query.file.name)}
    assert kept <= files(settings)
    assert not gone & files(settings)
    assert [session.get_decoded()["_auth_user_id"] for session in Session.objects.all() if session.get_decoded()] == [
        str(ben.user.pk)  # type: ignore[union-attr]
    ]
    assert browsers[1].get("/account/").status_code == 302
    assert browsers[2].get("/account/").status_code == 200
    assert f"user {user_id}: Deleted, with everything that was theirs." in caplog.text
    assert "ada" not in caplog.text


def test_a_guest_is_forgotten_at_once(client: Client, his: Belongings) -> None:
    client.post("/support-sets/")
    guest = Owner.objects.get(user__isnull=True)
    belongings_of(guest)
    assert "Forget me" in client.get("/my/data/").content.decode()
    assert client.post("/my/data/delete/").status_code == 302
    assert not Owner.objects.filter(pk=guest.pk).exists()
    assert rows_of(guest.pk) == {}
    assert "Nothing here yet" in client.get("/my/").content.decode()
    assert rows_of(his.support_set.owner.pk)


def test_a_guests_button_deletes_no_account(hers: Belongings, client: Client) -> None:
    assert client.post("/my/data/delete/").headers["Location"] == "/my/data/"
    client.force_login(hers.support_set.owner.user)  # type: ignore[arg-type]
    assert client.post("/my/data/delete/").status_code == 422
    assert User.objects.filter(username="ada").exists()


def test_the_last_superuser_stays_until_there_is_another(client: Client) -> None:
    first = User.objects.create_superuser("first", password=PASSWORD)
    User.objects.create_superuser("asleep", password=PASSWORD, is_active=False)
    client.force_login(first)
    assert "You are the last superuser" in client.get("/my/data/").content.decode()
    answer = client.post("/my/data/delete/", {"password": PASSWORD})
    assert (answer.status_code, "last superuser" in answer.content.decode()) == (422, True)
    User.objects.create_superuser("second")
    assert client.post("/my/data/delete/", {"password": PASSWORD}).status_code == 302
    assert [user.username for user in User.objects.filter(is_superuser=True, is_active=True)] == ["second"]


def test_what_staff_did_stays_without_their_name(client: Client, hers: Belongings) -> None:
    staff = User.objects.create_user("staff", password=PASSWORD, is_staff=True)
    checkpoint = hers.classifier.checkpoint
    publication = Publication.objects.create(checkpoint=checkpoint, kind=checkpoint.kind, by=staff)
    client.force_login(staff)
    assert "without your name" in client.get("/my/data/").content.decode()
    client.post("/my/data/delete/", {"password": PASSWORD})
    publication.refresh_from_db()
    assert publication.by is None


def test_every_row_that_names_a_user_lets_the_user_go() -> None:
    relations = [relation for relation in User._meta.related_objects if relation.on_delete is not None]
    names = {getattr(relation.on_delete, "__name__", "") for relation in relations}
    assert names <= {"CASCADE", "SET_NULL"}
    assert apps.is_installed("webapp.accounts")
