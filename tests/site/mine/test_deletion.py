"""Whoever wants to be gone is gone: rows, files, tokens and sessions, and nothing of anybody else."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from tests.accounts.test_owned_rows import OWNED
from tests.api.belongings import Belongings, belongings_of
from webapp.accounts.models import Owner
from webapp.accounts.services import owner_of_user
from webapp.accounts.tokens import create_token
from webapp.checkpoints.models import Publication
from webapp.core.staff import history
from webapp.faces.deletion import truncate_log
from webapp.faces.models import Consent, EnrolledFace, FaceCrop
from webapp.recognition.models import SupportImage
from webapp.site.mine import deletion

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


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_staff_erase_their_trail_only_once_a_superuser_took_their_rights(
    client: Client, hers: Belongings, right: str
) -> None:
    staff = User.objects.create_user("staff", password=PASSWORD, **{right: True})
    checkpoint = hers.classifier.checkpoint
    publication = Publication.objects.create(checkpoint=checkpoint, kind=checkpoint.kind, by=staff)
    history.note(by=staff, row=checkpoint, act="Published.")
    client.force_login(staff)
    assert "Have another superuser take these rights" in client.get("/my/data/").content.decode()
    answer = client.post("/my/data/delete/", {"password": PASSWORD})
    assert (answer.status_code, "Have another superuser" in answer.content.decode()) == (422, True)
    assert publication.by == staff
    User.objects.filter(pk=staff.pk).update(**{right: False})
    page = client.get("/my/data/").content.decode()
    assert "The admin’s history of what you did as staff." in page
    assert "without your name" in page
    client.post("/my/data/delete/", {"password": PASSWORD})
    publication.refresh_from_db()
    assert publication.by is None
    assert not LogEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sessions_are_looked_through_once_the_account_is_gone(
    hers: Belongings, his: Belongings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening all the sessions of a site took long, and nobody else could write meanwhile."""
    monkeypatch.setattr(deletion, "PAGE", 2)
    for user in (hers.support_set.owner.user, his.support_set.owner.user):
        for _ in range(3):
            Client().force_login(user)  # type: ignore[arg-type]
    opened = []
    decoded = Session.get_decoded

    def open_it(session: Session) -> Any:
        opened.append(connection.in_atomic_block or User.objects.filter(username="ada").exists())
        return decoded(session)

    monkeypatch.setattr(Session, "get_decoded", open_it)
    deletion.erase(owner=hers.support_set.owner)
    assert opened == [False] * 6
    assert Session.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its log as its settings say")
def test_nothing_of_the_last_account_with_a_face_stays_in_the_log(hers: Belongings) -> None:
    embedding = bytes(range(256)) * 2
    EnrolledFace.objects.update(embedding=embedding)
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM faces_consent").fetchone()
        deletion.erase(owner=hers.support_set.owner)
        assert not Consent.objects.exists()
        assert embedding in log.read_bytes(), "nobody cuts a log that somebody reads"
    truncate_log()
    assert embedding not in log.read_bytes()


def test_every_row_that_names_a_user_lets_the_user_go() -> None:
    relations = [relation for relation in User._meta.related_objects if relation.on_delete is not None]
    names = {getattr(relation.on_delete, "__name__", "") for relation in relations}
    assert names <= {"CASCADE", "SET_NULL"}
    assert apps.is_installed("webapp.accounts")
