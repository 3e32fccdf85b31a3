"""Asking a classifier, and reading what it says."""

from __future__ import annotations

import threading
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from tests.fake_clock import FakeClock
from webapp.api import waiting
from webapp.jobs.models import JobStatus
from webapp.recognition.models import Prediction

from .belongings import Belongings, answered, learned, result_of
from .client import ApiClient, complaint, picture


def test_without_a_wait_the_answer_is_202_at_once(api: ApiClient, birds: Belongings) -> None:
    response = api.upload(f"/classifiers/{birds.classifier.id}/predictions", [picture()])
    assert response.status_code == 202
    made = Prediction.objects.get(pk=response.json()["id"])
    assert response.json() == {"id": str(made.id), "status": "queued"}


def test_a_ready_prediction_has_an_answer_for_every_picture(api: ApiClient, birds: Belongings) -> None:
    prediction = answered(birds.classifier, "first.png", "second.png")
    body = api.get(f"/predictions/{prediction.id}").json()
    assert body["status"] == "ready"
    assert body["error"] is None
    assert body["classifier"] == str(birds.classifier.id)
    assert [query["file"] for query in body["predictions"]] == ["first.png", "second.png"]
    first = body["predictions"][0]
    assert first["class_name"] == "robin"
    assert first["confidence"] == 0.9
    assert first["sure"] is True
    assert first["scores"] == {"robin": 0.9, "wren": 0.1}
    assert first["nearest"] == [{"image_id": str(birds.image.id), "class_name": "robin", "similarity": 0.8}]


def test_a_prediction_in_work_has_no_answers_yet(api: ApiClient, birds: Belongings) -> None:
    started = api.upload(f"/classifiers/{birds.classifier.id}/predictions", [picture()]).json()
    body = api.get(f"/predictions/{started['id']}").json()
    assert (body["status"], body["predictions"]) == ("queued", [])


def test_a_failed_prediction_says_why(api: ApiClient, birds: Belongings) -> None:
    Prediction.objects.update(status=JobStatus.FAILED, error_code="lost", error="The picture is gone.")
    body = api.get(f"/predictions/{birds.prediction.id}").json()
    assert body["error"] == {"code": "lost", "message": "The picture is gone."}


def test_pictures_that_cannot_be_used_are_named_and_the_others_answered(api: ApiClient, birds: Belongings) -> None:
    images = [picture("good.png"), SimpleUploadedFile("notes.txt", b"text")]
    started = api.upload(f"/classifiers/{birds.classifier.id}/predictions", images)
    assert started.status_code == 202
    body = api.get(f"/predictions/{started.json()['id']}").json()
    assert [picture["file"] for picture in body["refused"]] == ["notes.txt"]


def test_no_usable_picture_is_422_with_the_reasons(api: ApiClient, birds: Belongings) -> None:
    images = [SimpleUploadedFile("notes.txt", b"text")]
    body = complaint(api.upload(f"/classifiers/{birds.classifier.id}/predictions", images), 422)
    assert [picture["file"] for picture in body["refused"]] == ["notes.txt"]


def test_fifty_pictures_are_the_most(api: ApiClient, birds: Belongings) -> None:
    path = f"/classifiers/{birds.classifier.id}/predictions"
    assert api.upload(path, [picture(f"{n}.png", side=4) for n in range(50)]).status_code == 202
    assert "50" in complaint(api.upload(path, [picture(side=4) for _ in range(51)]), 422)["message"]
    complaint(api.upload(path, []), 422)


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.FAILED, JobStatus.CANCELLED])
def test_a_classifier_that_is_not_ready_cannot_be_asked(api: ApiClient, birds: Belongings, status: JobStatus) -> None:
    classifier = learned(birds.support_set, status=status)
    complaint(api.upload(f"/classifiers/{classifier.id}/predictions", [picture()]), 409)


@pytest.mark.parametrize("wait", ["-1", "61", "soon", "nan", "inf"])
def test_a_wait_beyond_a_minute_is_refused(api: ApiClient, birds: Belongings, wait: str) -> None:
    path = f"/classifiers/{birds.classifier.id}/predictions?wait={wait}"
    assert "wait" in complaint(api.upload(path, [picture()]), 422)["message"]
    assert Prediction.objects.count() == 1


def test_a_wait_that_runs_out_is_202(api: ApiClient, birds: Belongings, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    monkeypatch.setattr(waiting, "time", clock)
    response = api.upload(f"/classifiers/{birds.classifier.id}/predictions?wait=0.3", [picture()])
    assert clock.now == pytest.approx(0.3)
    assert response.status_code == 202
    assert response.json().keys() == {"id", "status"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("outcome", [JobStatus.READY, JobStatus.FAILED])
def test_a_wait_ends_when_the_work_does(api: ApiClient, birds: Belongings, outcome: JobStatus) -> None:
    def work() -> None:
        try:
            while not (waiting := Prediction.objects.filter(status=JobStatus.QUEUED).first()):
                time.sleep(0.01)
            waiting.queries.update(result=result_of(birds.classifier))
            Prediction.objects.filter(pk=waiting.pk).update(status=outcome, error="The picture is gone.")
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    response = api.upload(f"/classifiers/{birds.classifier.id}/predictions?wait=10", [picture("new.png")])
    worker.join()
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == outcome
    assert [query["file"] for query in body["predictions"]] == ["new.png"]
    assert body == api.get(f"/predictions/{body['id']}").json()


def test_too_many_questions_are_429(api: ApiClient, birds: Belongings, settings: Settings) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "active_jobs": 1}
    path = f"/classifiers/{birds.classifier.id}/predictions"
    assert api.upload(path, [picture()]).status_code == 202
    assert complaint(api.upload(path, [picture()]), 429)["code"] == "too_many_jobs"


def test_a_prediction_is_deleted_with_its_pictures(
    api: ApiClient, birds: Belongings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"/predictions/{birds.prediction.id}").status_code == 204
    complaint(api.get(f"/predictions/{birds.prediction.id}"), 404)
    assert not birds.query.file.storage.exists(birds.query.file.name)


def test_nobody_can_ask_someone_elses_classifier(stranger: ApiClient, birds: Belongings) -> None:
    complaint(stranger.upload(f"/classifiers/{birds.classifier.id}/predictions", [picture()]), 404)
    assert Prediction.objects.count() == 1
