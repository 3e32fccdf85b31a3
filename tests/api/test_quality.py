"""How good a classifier is: read, measured again, broken off."""

from __future__ import annotations

from webapp.jobs.models import JobStatus
from webapp.recognition.models import Classifier, Quality

from .belongings import Belongings, learned, measured
from .client import ApiClient, complaint


def test_what_it_knew_of_ones_own_pictures_is_told(api: ApiClient, birds: Belongings) -> None:
    row = birds.classifier
    robin, wren = [str(birds.image.id)] * 3, row.image_ids[1] * 4
    Classifier.objects.filter(pk=row.pk).update(image_ids=[robin, wren])
    Quality.objects.all().delete()
    measured(row, (robin[0], 0, 0), (robin[0], 0, 1), (wren[0], 1, 1), (wren[0], 1, 1))
    body = api.get(f"/classifiers/{row.id}/quality").json()
    assert {name: body[name] for name in ("status", "error", "progress", "asked", "right", "expected_of_card")} == {
        "status": "ready",
        "error": None,
        "progress": 1.0,
        "asked": 4,
        "right": 3,
        "expected_of_card": None,
    }
    expected = body["expected"]
    assert 0 < expected["low"] < expected["accuracy"] < expected["high"] <= 1
    assert body["classes"] == [
        {"class_name": "robin", "count": 3, "asked": 2, "right": 1},
        {"class_name": "wren", "count": 4, "asked": 2, "right": 2},
    ]
    assert body["confusions"] == [{"class_name": "robin", "taken_for": "wren", "image_ids": [robin[0]]}]


def test_with_one_picture_a_class_the_card_speaks(api: ApiClient, birds: Belongings) -> None:
    Quality.objects.update(answers=[], n_rounds=0)
    body = api.get(f"/classifiers/{birds.classifier.id}/quality").json()
    assert (body["asked"], body["expected"]) == (0, None)
    told = {"n_way": 5, "k_shot": 1, "dataset": "", "accuracy": 0.99, "low": None, "high": None}
    assert body["expected_of_card"] == told


def test_while_it_is_measured_the_state_is_told(api: ApiClient, birds: Belongings) -> None:
    path = f"/classifiers/{birds.classifier.id}/quality"
    Quality.objects.update(status=JobStatus.RUNNING, progress=0.4)
    body = api.get(path).json()
    assert (body["status"], body["progress"], body["asked"], body["expected"]) == ("running", 0.4, 0, None)
    Quality.objects.update(status=JobStatus.FAILED, error_code="cannot_measure", error="It lost its way.")
    assert api.get(path).json()["error"] == {"code": "cannot_measure", "message": "It lost its way."}


def test_it_is_measured_again_and_broken_off(api: ApiClient, birds: Belongings) -> None:
    path = f"/classifiers/{birds.classifier.id}/quality"
    started = api.post(path, {})
    assert (started.status_code, started.json()["status"]) == (202, "queued")
    assert api.post(path, {}).json() == started.json()
    assert api.post(f"{path}/cancel", {}).json()["status"] == "cancelled"


def test_an_earlier_classifier_was_never_measured_and_one_that_failed_cannot_be(
    api: ApiClient, birds: Belongings
) -> None:
    earlier = learned(birds.support_set)
    assert api.get(f"/classifiers/{earlier.id}/quality").json()["status"] is None
    failed = learned(birds.support_set, status=JobStatus.FAILED)
    assert complaint(api.post(f"/classifiers/{failed.id}/quality", {}), 409)["code"] == "classifier_not_ready"


def test_a_stranger_finds_nothing(stranger: ApiClient, birds: Belongings) -> None:
    path = f"/classifiers/{birds.classifier.id}/quality"
    complaint(stranger.get(path), 404)
    complaint(stranger.post(path, {}), 404)
    complaint(stranger.post(f"{path}/cancel", {}), 404)
    assert Quality.objects.get().status == JobStatus.READY
