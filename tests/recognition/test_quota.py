"""What is counted before pictures are decoded is counted again where their rows are written: no two take one room."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection

from tests.recognition.conftest import stored_files, visit
from tests.recognition.pictures import drawing, drawing_upload, encoded, photo_upload
from tests.recognition.test_archives import zipped
from tests.refusals import refused
from webapp.accounts.models import Owner
from webapp.core.errors import Refusal, UserError
from webapp.recognition import allowances, services, storage
from webapp.recognition.models import Classifier, Prediction, SupportImage, SupportSet, ZipUpload
from webapp.storage import disk

KIB = 1024


@pytest.mark.django_db(transaction=True)
def test_ten_uploads_at_once_stay_within_the_quota(support_set: SupportSet, limit: Any, settings: Any) -> None:
    limit(guest_bytes=60 * KIB, uploads_at_once=100)
    owner = support_set.owner

    def send(n: int) -> int:
        try:
            files = [photo_upload(10 * n + k) for k in range(4)]
            report = services.add_images(support_set=support_set, class_name=f"class {n}", files=files)
            return len(report.accepted)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        outcomes = [pool.submit(send, n) for n in range(10)]
    failures = [outcome.exception() for outcome in outcomes if outcome.exception()]
    assert all(isinstance(failure, UserError) and failure.code == "storage_full" for failure in failures)
    accepted = sum(outcome.result() for outcome in outcomes if not outcome.exception())
    assert 0 < allowances.bytes_used(owner) <= 60 * KIB
    assert accepted == SupportImage.objects.count() < 40
    assert len(stored_files(settings)) == 2 * accepted


@pytest.fixture
def overtaken(monkeypatch: pytest.MonkeyPatch, support_set: SupportSet, request: pytest.FixtureRequest) -> None:
    """Let another request of the owner take nearly all room while pictures are decoded."""
    if "ready" in request.fixturenames:
        request.getfixturevalue("ready")
    take_in = storage.take_in

    def slow(*arguments: Any, **keywords: Any) -> storage.Intake:
        intake = take_in(*arguments, **keywords)
        room = allowances.bytes_allowed(support_set.owner) - allowances.bytes_used(support_set.owner)
        ZipUpload.objects.create(support_set=support_set, bytes=room - 1)
        return intake

    monkeypatch.setattr(storage, "take_in", slow)


@pytest.mark.usefixtures("overtaken")
def test_an_upload_that_was_overtaken_is_refused_by_picture(support_set: SupportSet, settings: Any) -> None:
    report = services.add_images(support_set=support_set, class_name="kite", files=[photo_upload(1), photo_upload(2)])
    assert not report.accepted
    assert ["100 MB are full" in refusal.reason for refusal in report.refused] == [True, True]
    assert not stored_files(settings)


@pytest.mark.usefixtures("overtaken")
def test_a_question_that_was_overtaken_is_refused(signs: SupportSet, ready: Classifier, settings: Any) -> None:
    before = stored_files(settings)
    with refused("storage_full"):
        services.start_prediction(owner=ready.owner, classifier=ready, files=[drawing_upload(5)])
    assert not Prediction.objects.exists()
    assert stored_files(settings) == before


def test_a_zip_that_was_overtaken_is_refused(
    support_set: SupportSet, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = zipped({"kite/1.png": encoded(drawing(1))})
    other = services.create_support_set(owner=support_set.owner, name="Other")
    save = ZipUpload.file.field.storage.save

    def slow(*arguments: Any, **keywords: Any) -> str:
        ZipUpload.objects.create(support_set=other, bytes=allowances.bytes_allowed(support_set.owner) - 1)
        return str(save(*arguments, **keywords))

    monkeypatch.setattr(ZipUpload.file.field.storage, "save", slow)
    with refused("storage_full"):
        services.upload_zip(support_set=support_set, file=file)
    assert not support_set.zip_uploads.exists()
    assert not stored_files(settings)


def test_no_more_support_sets_than_an_owner_may_have(support_set: SupportSet, stranger: Owner, limit: Any) -> None:
    limit(support_sets=1)
    with refused("limit_reached", match="at most 1 support sets"):
        services.create_support_set(owner=support_set.owner, name="Another")
    assert services.create_support_set(owner=stranger, name="Theirs")


@pytest.mark.parametrize(("free", "guest", "account"), [(2 * KIB, True, True), (1, False, True), (-1, False, False)])
def test_a_disk_that_fills_up_stops_guests_first(
    support_set: SupportSet,
    limit: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_user_model: Any,
    free: int,
    guest: bool,
    account: bool,
) -> None:
    limit(free_disk_bytes_of_guests=KIB)
    monkeypatch.setattr(disk, "free_bytes", lambda: free)
    adult = Owner.objects.create(user=django_user_model.objects.create_user("ada"))
    for owner, is_served in ((support_set.owner, guest), (adult, account)):
        mine = services.create_support_set(owner=owner, name="Mine")
        upload = partial(services.add_images, support_set=mine, class_name="kite", files=[photo_upload()])
        if is_served:
            assert upload().accepted
            continue
        with pytest.raises(Refusal) as caught:
            upload()
        assert (caught.value.code, caught.value.status) == ("disk_full", 503)


def test_pages_say_that_the_disk_is_full(support_set: SupportSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda: -1)
    file = zipped({"kite/1.png": encoded(drawing(1))})
    answer = visit(support_set.owner).post(f"/support-sets/{support_set.pk}/import/", {"file": file})
    assert answer.status_code == 503
    assert "The disk of this site is full" in answer.content.decode()
