"""A copy holds all that is somebody's and nothing of anybody else's, and its support sets can be imported again."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.api.belongings import Belongings, belongings_of, support_image
from webapp.accounts.models import Owner
from webapp.accounts.services import owner_of_user
from webapp.accounts.tokens import create_token
from webapp.faces.models import EnrolledFace, FaceCrop
from webapp.recognition.models import Prediction, SupportClass
from webapp.recognition.services import create_support_set
from webapp.recognition.services.archives import upload_zip
from webapp.site.mine import copies

pytestmark = pytest.mark.django_db


@pytest.fixture
def hers(django_user_model: Any) -> Belongings:
    return belongings_of(owner_of_user(user=django_user_model.objects.create_user("ada", "ada@example.org")))


@pytest.fixture
def ada(hers: Belongings) -> Owner:
    return hers.support_set.owner


@pytest.fixture(autouse=True)
def _places() -> Iterator[None]:
    yield
    assert not copies._takers, "every place is given back"


def copy_of(owner: Owner) -> zipfile.ZipFile:
    client = Client()
    client.force_login(owner.user)
    answer = client.post("/my/data/copy/")
    assert answer.headers["Content-Type"] == "application/zip"
    content = b"".join(answer.streaming_content)
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return archive


def test_a_copy_holds_what_is_there(hers: Belongings, ada: Owner) -> None:
    _row, secret = create_token(owner=ada, name="notebook")
    embedding, crop = bytes(range(256)) * 2, b"what an enrolled face looks like"
    EnrolledFace.objects.update(embedding=embedding)
    FaceCrop.objects.update(jpeg=crop)
    archive = copy_of(ada)
    account = json.loads(archive.read("account.json"))
    assert (account["username"], account["email"]) == ("ada", "ada@example.org")
    assert account["api_tokens"][0]["name"] == "notebook"
    [learned] = json.loads(archive.read("classifiers.json"))
    assert learned["class_names"] == hers.classifier.class_names
    [line] = archive.read("predictions.jsonl").splitlines()
    [asked] = json.loads(line)["queries"]
    assert asked["result"]["class_name"] == hers.query.result["class_name"]
    assert archive.read(asked["file"]) == hers.query.file.open().read()
    faces = json.loads(archive.read("faces.json"))
    assert [person["name"] for person in faces["gallery"]] == [hers.person.name]
    assert faces["consents"]
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert secret.encode() not in everything
    assert ada.api_tokens.get().digest.encode() not in everything
    assert embedding not in everything
    assert crop not in everything


@pytest.mark.django_db(transaction=True)
def test_a_copy_is_read_in_whichever_thread_and_keeps_nobody_from_writing(ada: Owner, hers: Belongings) -> None:
    """With a cursor open between two portions, a thread could not write until the copy was through."""
    classifier = hers.classifier
    more = [Prediction(classifier=classifier, owner=ada, created=hers.prediction.created) for _ in range(250)]
    Prediction.objects.bulk_create(more)
    pieces: list[bytes] = []

    def portion() -> bool:
        piece = next(chunks, None)
        pieces.append(piece or b"")
        Owner.objects.filter(pk=ada.pk).update(last_seen=timezone.now())
        return piece is not None

    with contextlib.closing(copies.Copy(ada)) as copy, ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        chunks = iter(copy)
        while first.submit(portion).result() and second.submit(portion).result():
            if len(pieces) == 60:
                first.submit(connections.close_all).result()
        first.submit(connections.close_all).result()
        second.submit(connections.close_all).result()
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    ids = [json.loads(line)["id"] for line in archive.read("predictions.jsonl").splitlines()]
    assert len(ids) == len(set(ids)) == 251


def test_a_copy_holds_nothing_of_anybody_else(hers: Belongings, django_user_model: Any) -> None:
    ben = owner_of_user(user=django_user_model.objects.create_user("ben"))
    archive = copy_of(ben)
    assert json.loads(archive.read("support-sets.json")) == []
    assert not [name for name in archive.namelist() if "/" in name]
    assert archive.read("predictions.jsonl") == b""


def test_a_support_set_can_be_imported_again_whatever_its_names(ada: Owner) -> None:
    names = ["..", "a/b", "a\\b", ".net", "Straße", "猫", "con.", 'x"y', "A", "a "]
    support_set = create_support_set(owner=ada, name="../odd")
    for position, name in enumerate(names):
        support_class = SupportClass.objects.create(support_set=support_set, name=name, position=position)
        support_image(support_class, name="../../etc/passwd.png")
        support_image(support_class, name="same.png")
    archive = copy_of(ada)
    described = {row["name"]: row for row in json.loads(archive.read("support-sets.json"))}["../odd"]
    assert [row["name"] for row in described["classes"]] == names
    again = create_support_set(owner=ada, name="Again")
    upload = upload_zip(support_set=again, file=ContentFile(archive.read(described["zip"]), name="odd.zip"))
    assert upload.refused == []
    assert [row["files"] for row in upload.classes] == [2] * len(names)
    assert {row["name"] for row in upload.classes} == {row["folder"] for row in described["classes"]}


def test_a_picture_deleted_meanwhile_is_left_out(hers: Belongings, ada: Owner) -> None:
    hers.image.file.storage.delete(hers.image.file.name)
    [row] = [row for row in json.loads(copy_of(ada).read("support-sets.json")) if row["id"] == str(hers.support_set.pk)]
    assert all(picture["id"] != str(hers.image.pk) for one in row["classes"] for picture in one["pictures"])


def test_a_copy_is_sent_in_pieces_and_given_up_with_its_request(ada: Owner, hers: Belongings) -> None:
    for n in range(5):
        support_image(hers.support_class, name=f"{n}.png")
    copy = copies.Copy(ada)
    pieces = iter(copy)
    assert next(pieces).startswith(b"PK")
    assert len(list(pieces)) > 5
    copy.close()
    copy.close()


def test_a_slow_reader_keeps_nobody_else_from_a_copy(ada: Owner, client: Client, django_user_model: Any) -> None:
    client.force_login(ada.user)
    with contextlib.closing(copies.Copy(ada)):
        answer = client.post("/my/data/copy/")
        assert (answer.status_code, "taking a copy already" in answer.content.decode()) == (429, True)
        copy_of(owner_of_user(user=django_user_model.objects.create_user("ben")))


def test_a_copy_that_takes_too_long_is_broken_off(
    ada: Owner, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "copy_seconds": 2}
    monkeypatch.setattr(copies.time, "monotonic", itertools.count().__next__)  # type: ignore[attr-defined]
    with contextlib.closing(copies.Copy(ada)) as copy:
        pieces = iter(copy)
        assert len([next(pieces), next(pieces)]) == 2, "in the middle of a support set"
        with pytest.raises(TimeoutError):
            next(pieces)


def test_copies_at_once_are_bounded_and_so_are_those_in_an_hour(ada: Owner, client: Client, settings: Settings) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "copies_at_once": 2}
    client.force_login(ada.user)
    open_ones = [copies.Copy(Owner.objects.create(guest_id=name)) for name in ("one", "two")]
    answer = client.post("/my/data/copy/")
    assert (answer.status_code, "Others take their copies" in answer.content.decode()) == (429, True)
    for copy in open_ones:
        copy.close()
    statuses = []
    for _n in range(6):
        answer = client.post("/my/data/copy/")
        statuses.append(answer.status_code)
        b"".join(answer)
    assert statuses == [200] * 5 + [429]


def test_a_visitor_who_made_nothing_gets_nothing(client: Client) -> None:
    assert client.post("/my/data/copy/").headers["Location"] == "/my/data/"
    assert "nothing of yours here" in client.get("/my/data/").content.decode()
