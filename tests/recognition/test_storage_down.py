"""While the storage does not answer, whatever needs it says so and what to do, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.api.client import ApiClient, complaint
from tests.bucket import Bucket, out_of_reach
from tests.recognition.conftest import visit
from tests.recognition.pictures import drawing_upload
from tests.recognition.test_archives import PICTURE, zipped
from webapp.accounts.models import Owner
from webapp.jobs.models import JobStatus
from webapp.recognition import services
from webapp.recognition.models import SupportImage, SupportSet
from webapp.recognition.worker import archives, classifying
from webapp.storage import orphans
from webapp.storage.addresses import StorageDown
from webapp.storage.bucket import BucketStorage

WHAT_TO_DO = "wait a minute, then try again"


@pytest.fixture(autouse=True)
def _in_a_bucket(bucket: Bucket) -> None:
    """Set the bucket up before anything is stored."""


def send(client: Client, support_set: SupportSet, *seeds: int, script: bool = True) -> HttpResponse:
    """Upload drawings into the first class, as the page's script does or a plain form."""
    address = reverse("class_images", args=[support_set.pk, support_set.classes.all()[0].pk])
    headers = {"HX-Request": "true"} if script else {}
    return client.post(address, {"images": [drawing_upload(seed) for seed in seeds]}, headers=headers)


def test_a_picture_is_asked_for_again_when_it_can_be_sent(image: SupportImage, owner: Owner, bucket: Bucket) -> None:
    address = reverse("picture", args=[image.pk])
    with out_of_reach(bucket):
        answer = visit(owner).get(address)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert WHAT_TO_DO in answer.content.decode()
    assert visit(owner).get(address).status_code == 200


def test_an_upload_is_refused_and_can_be_sent_again(signs: SupportSet, owner: Owner, bucket: Bucket) -> None:
    kept, client = bucket.names, visit(owner)
    with out_of_reach(bucket):
        response, page = send(client, signs, 7), send(client, signs, 7, script=False)
    assert (response.status_code, response.json()["code"]) == (503, "storage_down")
    assert WHAT_TO_DO in response.json()["message"]
    assert (page.status_code, WHAT_TO_DO in page.content.decode()) == (503, True)
    assert (SupportImage.objects.count(), bucket.names) == (4, kept)
    assert send(client, signs, 7).status_code == 200
    assert SupportImage.objects.count() == 5


def test_what_was_stored_before_is_kept_and_the_rest_refused_by_name(
    signs: SupportSet, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, stored = BucketStorage._save, list[str]()

    def save_twice(self: BucketStorage, name: str, content: Any) -> str:
        if len(stored) == 2:  # a picture and its thumbnail
            raise StorageDown
        stored.append(save(self, name, content))
        return stored[-1]

    monkeypatch.setattr(BucketStorage, "_save", save_twice)
    report = services.add_images(
        support_set=signs, class_name="anchor", files=[drawing_upload(seed) for seed in (7, 8, 9)]
    )
    assert [image.file for image in report.accepted] == [drawing_upload(7).name]
    assert [refusal.file for refusal in report.refused] == [drawing_upload(8).name, drawing_upload(9).name]
    assert all(WHAT_TO_DO in refusal.reason for refusal in report.refused)


def test_the_api_says_so_with_a_code(signs: SupportSet, owner: Owner, bucket: Bucket) -> None:
    with out_of_reach(bucket):
        answer = ApiClient(owner).upload(f"/support-sets/{signs.pk}/images", [drawing_upload(7)], class_name="anchor")
    body = complaint(answer, 503)
    assert (body["code"], WHAT_TO_DO in body["message"]) == ("storage_down", True)
    assert answer["Retry-After"] == "30"


def test_what_is_deleted_meanwhile_goes_from_the_bucket_later(
    signs: SupportSet,
    bucket: Bucket,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete = reverse("support_set_delete", args=[signs.pk])
    with out_of_reach(bucket), django_capture_on_commit_callbacks(execute=True):
        assert visit(signs.owner).post(delete).status_code == 302
    assert not SupportSet.objects.exists()
    assert len(bucket.names) == 8
    monkeypatch.setattr(orphans, "OLD", -timedelta(minutes=1))
    orphans.delete_orphans()
    assert bucket.names == set()


def test_a_zip_is_not_passed_over_picture_by_picture(support_set: SupportSet, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = services.upload_zip(support_set=support_set, file=zipped({"kite/1.png": PICTURE, "kite/2.png": PICTURE}))
    row = services.import_upload(upload=upload)

    def never(self: BucketStorage, name: str, content: Any) -> str:
        raise StorageDown

    monkeypatch.setattr(BucketStorage, "_save", never)
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.error_code, row.refused) == (JobStatus.FAILED, "storage_down", [])
    assert WHAT_TO_DO in row.error


@pytest.mark.usefixtures("tiny_checkpoint")
def test_learning_ends_with_the_reason_and_can_be_begun_again(signs: SupportSet, bucket: Bucket) -> None:
    first = services.start_classifier(owner=signs.owner, support_set=signs)
    with out_of_reach(bucket):
        classifying.learn(str(first.pk))
    first.refresh_from_db()
    assert (first.status, first.error_code) == (JobStatus.FAILED, "storage_down")
    assert WHAT_TO_DO in first.error
    second = services.start_classifier(owner=signs.owner, support_set=signs)
    classifying.learn(str(second.pk))
    second.refresh_from_db()
    assert second.status == JobStatus.READY
