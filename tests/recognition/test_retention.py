"""What has had its time is forgotten, rows and files together; what is still wanted stays."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.recognition.conftest import stored_files
from tests.recognition.pictures import drawing_upload
from webapp.accounts.models import Owner
from webapp.recognition import retention, services
from webapp.recognition.models import Classifier, Prediction, Query, SupportImage, SupportSet
from webapp.storage import orphans

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(hours=25)


@pytest.fixture
def prediction(ready: Classifier) -> Prediction:
    return services.start_prediction(owner=ready.owner, classifier=ready, files=[drawing_upload(9)])


def age(prediction: Prediction) -> None:
    Prediction.objects.filter(pk=prediction.pk).update(created=timezone.now() - LONG_AGO)


def test_query_pictures_go_after_a_day_and_answers_stay(prediction: Prediction, settings: Any) -> None:
    query = prediction.queries.get()
    retention.forget()
    assert query.file.name in stored_files(settings)
    age(prediction)
    retention.forget()
    forgotten = Query.objects.get(pk=query.pk)
    assert not forgotten.file
    assert forgotten.bytes == 0
    assert not {query.file.name, query.thumbnail.name} & stored_files(settings)


def test_what_a_correction_kept_stays(prediction: Prediction, settings: Any) -> None:
    kept = services.correct(query=prediction.queries.get(), class_name="snail")
    age(prediction)
    retention.forget()
    assert {kept.file.name, kept.thumbnail.name} <= stored_files(settings)


def test_guests_go_after_a_day_with_everything_they_made(prediction: Prediction, settings: Any) -> None:
    Owner.objects.update(last_seen=timezone.now() - LONG_AGO)
    retention.forget()
    assert not Owner.objects.exists()
    assert not SupportSet.objects.exists()
    assert not stored_files(settings)


def test_guests_who_were_just_here_and_users_stay(signs: SupportSet, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("teacher")
    Owner.objects.create(user=user, last_seen=timezone.now() - timedelta(days=900))
    retention.forget()
    assert Owner.objects.count() == 2


def test_deletions_are_final_after_an_hour(image: SupportImage, settings: Any) -> None:
    snail = image.support_class.support_set.classes.get(name="snail")
    services.delete_image(image=image)
    services.delete_class(support_class=snail)
    retention.forget()
    assert SupportImage.objects.count() == 4
    for row in (image, snail):
        type(row).objects.filter(pk=row.pk).update(deleted_at=timezone.now() - timedelta(minutes=61))
    retention.forget()
    left = SupportImage.objects.get()
    assert stored_files(settings) == {left.file.name, left.thumbnail.name}


def test_old_files_without_a_row_go_and_others_stay(signs: SupportSet, settings: Any) -> None:
    named = stored_files(settings)
    root = Path(settings.MEDIA_ROOT)
    orphan, young = root / "pictures/00/orphan.png", root / "pictures/00/young.png"
    orphan.parent.mkdir(parents=True, exist_ok=True)
    for path in (orphan, young):
        path.write_bytes(b"x")
    for name in [*named, "pictures/00/orphan.png"]:
        os.utime(root / name, (time.time() - 7200,) * 2)
    orphans.delete_orphans()
    assert stored_files(settings) == named | {"pictures/00/young.png"}


def test_the_page_on_privacy_says_how_long_a_zip_waits(client: Client, settings: Any) -> None:
    settings.GLIMPSE_UNDO_HOURS = 2.5
    page = " ".join(client.get("/privacy/").content.decode().split())
    assert "A zip that waits for your word lies on the disk as you sent it" in page
    assert "after about 3 hours it is deleted" in page
