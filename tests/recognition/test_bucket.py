"""Where the site keeps its files in a bucket, people's pictures are as private, and go when they are deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.error import HTTPError

import pytest
from django.test import Client
from django.urls import reverse

from tests.bucket import Bucket
from tests.recognition.conftest import visit
from tests.recognition.pictures import drawing_upload
from webapp.accounts.models import Owner
from webapp.recognition import services
from webapp.recognition.models import SupportImage, SupportSet
from webapp.recognition.worker import classifying, loaded
from webapp.storage import orphans


@pytest.fixture(autouse=True)
def _in_a_bucket(bucket: Bucket) -> None:
    """Set the bucket up before anything is stored."""


@pytest.mark.parametrize("name", ["picture", "picture_thumbnail"])
def test_pictures_are_sent_to_their_owner_and_to_nobody_else(
    image: SupportImage, owner: Owner, stranger: Owner, admin_client: Client, bucket: Bucket, name: str
) -> None:
    address = reverse(name, args=[image.pk])
    answer = visit(owner).get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert b"".join(answer.streaming_content).startswith(b"\x89PNG")  # type: ignore[attr-defined]
    for client in (visit(None), visit(stranger), admin_client):
        assert client.get(address).status_code == 404
    for stored in (image.file.name, image.thumbnail.name):
        with pytest.raises(HTTPError, match="403"):
            bucket.ask_as_stranger(stored)


def test_a_picture_that_is_gone_from_the_bucket_is_not_found(image: SupportImage, owner: Owner) -> None:
    image.file.storage.delete(image.file.name)
    assert visit(owner).get(reverse("picture", args=[image.pk])).status_code == 404


def test_a_support_set_is_deleted_with_its_pictures(
    signs: SupportSet, bucket: Bucket, django_capture_on_commit_callbacks: Any
) -> None:
    assert len(bucket.names) == 8
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_support_set(support_set=signs)
    assert bucket.names == set()


def test_files_that_no_row_names_are_deleted_after_a_while(
    signs: SupportSet, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = bucket.names
    bucket.put("pictures/00/orphan.png", b"x")
    orphans.delete_orphans()
    assert "pictures/00/orphan.png" in bucket.names
    monkeypatch.setattr(orphans, "OLD", -timedelta(minutes=1))
    orphans.delete_orphans()
    assert bucket.names == needed


@pytest.mark.usefixtures("tiny_checkpoint")
def test_what_was_learned_is_kept_and_read_there(signs: SupportSet, bucket: Bucket) -> None:
    classifier = services.start_classifier(owner=signs.owner, support_set=signs)
    classifying.learn(str(classifier.pk))
    classifier.refresh_from_db()
    assert classifier.state_file.name in bucket.names
    prediction = services.start_prediction(owner=signs.owner, classifier=classifier, files=[drawing_upload(1)])
    loaded.classifiers._values.clear()
    classifying.predict(str(prediction.pk))
    assert prediction.queries.get().result["class_name"] == "anchor"


@pytest.mark.django_db
def test_the_site_does_not_claim_that_pictures_stay_on_its_machine(client: Client) -> None:
    for address in ("/", "/faces/"):
        page = client.get(address).content.decode()
        assert "private storage of this site" in page
        assert "this machine" not in page
