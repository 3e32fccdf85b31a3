"""Learning: started, followed, cancelled, deleted."""

from __future__ import annotations

import uuid

import pytest
from pytest_django import Settings

from webapp.accounts.models import Owner
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import JobStatus
from webapp.recognition.models import Classifier, SupportImage, SupportSet

from .belongings import Belongings, checkpoint, learned
from .client import ApiClient, complaint


def test_learning_is_queued(api: ApiClient, birds: Belongings) -> None:
    response = api.post(f"/support-sets/{birds.support_set.id}/classifiers", {"checkpoint": "characters"})
    assert response.status_code == 202
    assert response.json().keys() == {"id", "status"}
    made = Classifier.objects.get(pk=response.json()["id"])
    assert response.json()["status"] == made.status == "queued"
    assert made.class_names == ["robin", "wren"]
    assert made.image_ids[0] == [str(birds.image.id)]


def test_a_kind_means_its_live_checkpoint_and_a_name_or_an_id_that_very_one(
    api: ApiClient, birds: Belongings, characters: Checkpoint, settings: Settings
) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "active_jobs": 100}
    Checkpoint.objects.update(live=False)
    live = checkpoint("characters-20261122")
    photos = Checkpoint.objects.filter(kind="photos").first() or checkpoint("photos", "photos")
    path = f"/support-sets/{birds.support_set.id}/classifiers"

    def chosen(body: dict[str, str | None]) -> str:
        response = api.post(path, body)
        assert response.status_code == 202, response.content
        return Classifier.objects.select_related("checkpoint").get(pk=response.json()["id"]).checkpoint.name

    assert chosen({"checkpoint": live.name}) == live.name
    assert chosen({"checkpoint": str(characters.id)}) == characters.name
    assert chosen({"checkpoint": "characters"}) == live.name
    Checkpoint.objects.filter(pk=photos.pk).update(live=True)
    assert chosen({}) == chosen({"checkpoint": None}) == photos.name
    SupportImage.objects.update(looks_drawn=True)
    assert chosen({}) == live.name


def test_an_unknown_checkpoint_gets_the_valid_ones_told(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}/classifiers"
    for name in ("owls", str(uuid.uuid4()), "x" * 10_000):
        assert "characters" in complaint(api.post(path, {"checkpoint": name}), 422)["message"]


def test_what_is_missing_is_told(api: ApiClient, owner: Owner, birds: Belongings) -> None:
    empty = SupportSet.objects.create(owner=owner, name="Empty")
    body = complaint(api.post(f"/support-sets/{empty.id}/classifiers", {"checkpoint": "characters"}), 422)
    assert body["code"] == "not_ready"
    birds.image.delete()
    body = complaint(api.post(f"/support-sets/{birds.support_set.id}/classifiers", {"checkpoint": "characters"}), 422)
    assert "robin" in body["message"]


def test_only_so_many_jobs_may_wait(api: ApiClient, birds: Belongings, settings: Settings) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "active_jobs": 2}
    path = f"/support-sets/{birds.support_set.id}/classifiers"
    statuses = [api.post(path, {"checkpoint": "characters"}).status_code for _ in range(3)]
    assert statuses == [202, 202, 429]
    complaint(api.post(path, {"checkpoint": "characters"}), 429)


def test_a_ready_classifier_says_how_it_was_made(api: ApiClient, birds: Belongings) -> None:
    body = api.get(f"/classifiers/{birds.classifier.id}").json()
    expected = {
        "id": str(birds.classifier.id),
        "name": "Garden birds",
        "support_set": str(birds.support_set.id),
        "status": "ready",
        "error": None,
        "seconds": 0.5,
        "device": "cpu",
        "checkpoint": "characters",
        "kind": "characters",
        "method": "prototypical",
        "steps": None,
        "loss": None,
        "class_names": ["robin", "wren"],
        "n_images": 2,
        "progress": 1.0,
    }
    assert {name: body[name] for name in expected} == expected


def test_a_classifier_that_learned_in_steps_says_how_many(api: ApiClient, birds: Belongings) -> None:
    stepped = learned(birds.support_set, steps=12, loss=0.03)
    body = api.get(f"/classifiers/{stepped.id}").json()
    assert (body["steps"], body["loss"]) == (12, 0.03)


def test_a_failed_classifier_says_why(api: ApiClient, birds: Belongings) -> None:
    failed = learned(birds.support_set, status=JobStatus.FAILED, error_code="lost", error="Pictures were deleted.")
    body = api.get(f"/classifiers/{failed.id}").json()
    assert body["status"] == "failed"
    assert body["error"] == {"code": "lost", "message": "Pictures were deleted."}


def test_the_list_holds_ones_own_newest_first(api: ApiClient, stranger: ApiClient, birds: Belongings) -> None:
    newer = learned(birds.support_set)
    body = api.get("/classifiers").json()
    assert body["count"] == 2
    assert [classifier["id"] for classifier in body["items"]] == [str(newer.id), str(birds.classifier.id)]
    assert stranger.get("/classifiers").json() == {"items": [], "count": 0}


def test_a_queued_classifier_is_cancelled_at_once(api: ApiClient, birds: Belongings) -> None:
    queued = learned(birds.support_set, status=JobStatus.QUEUED)
    response = api.post(f"/classifiers/{queued.id}/cancel")
    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"


def test_a_running_classifier_is_asked_to_stop(api: ApiClient, birds: Belongings) -> None:
    running = learned(birds.support_set, status=JobStatus.RUNNING)
    assert api.post(f"/classifiers/{running.id}/cancel").status_code == 200
    running.refresh_from_db()
    assert running.cancel_requested


@pytest.mark.parametrize("status", [JobStatus.READY, JobStatus.FAILED, JobStatus.CANCELLED])
def test_what_is_over_cannot_be_cancelled(api: ApiClient, birds: Belongings, status: JobStatus) -> None:
    over = learned(birds.support_set, status=status)
    complaint(api.post(f"/classifiers/{over.id}/cancel"), 409)


def test_a_classifier_is_deleted_and_its_support_set_stays(api: ApiClient, birds: Belongings) -> None:
    assert api.delete(f"/classifiers/{birds.classifier.id}").status_code == 204
    complaint(api.get(f"/classifiers/{birds.classifier.id}"), 404)
    complaint(api.get(f"/predictions/{birds.prediction.id}"), 404)
    assert api.get(f"/support-sets/{birds.support_set.id}").status_code == 200
