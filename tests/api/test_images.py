"""Adding, moving and deleting support pictures."""

from __future__ import annotations

import uuid

from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from webapp.accounts.models import Owner
from webapp.recognition.allowances import bytes_used
from webapp.recognition.models import SupportImage, SupportSet

from .belongings import Belongings
from .client import ApiClient, complaint, picture

NO_PICTURE = SimpleUploadedFile("notes.txt", b"no picture")


def test_pictures_go_into_a_class_that_is_made_for_them(api: ApiClient, owner: Owner) -> None:
    support_set = SupportSet.objects.create(owner=owner, name="Colours")
    response = api.upload(
        f"/support-sets/{support_set.id}/images", [picture("a.png"), picture("b.png", "blue")], class_name="warm"
    )
    assert response.status_code == 201
    body = response.json()
    assert [picture["file"] for picture in body["accepted"]] == ["a.png", "b.png"]
    assert body["refused"] == []
    classes = api.get(f"/support-sets/{support_set.id}").json()["classes"]
    ids = [picture["id"] for picture in body["accepted"]]
    [warm] = classes
    assert (warm["name"], warm["count"], sorted(warm["image_ids"])) == ("warm", 2, sorted(ids))


def test_a_bad_picture_does_not_keep_the_good_ones_out(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}/images"
    response = api.upload(path, [picture("good.png"), SimpleUploadedFile("notes.txt", b"text")], class_name="robin")
    assert response.status_code == 201
    body = response.json()
    assert [picture["file"] for picture in body["accepted"]] == ["good.png"]
    assert [picture["file"] for picture in body["refused"]] == ["notes.txt"]
    assert body["refused"][0]["reason"]


def test_an_upload_of_no_usable_picture_is_an_error_that_names_the_reasons(api: ApiClient, owner: Owner) -> None:
    support_set = SupportSet.objects.create(owner=owner, name="Colours")
    images = [SimpleUploadedFile("notes.txt", b"text"), SimpleUploadedFile("cut.png", picture().read()[:50])]
    body = complaint(api.upload(f"/support-sets/{support_set.id}/images", images, class_name="warm"), 422)
    assert body["accepted"] == []
    assert [picture["file"] for picture in body["refused"]] == ["notes.txt", "cut.png"]
    assert "notes.txt" in body["message"]
    assert not support_set.classes.exists()


def test_the_same_picture_in_two_classes_is_warned_of(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}/images"
    api.upload(path, [picture("one.png", "navy")], class_name="robin")
    body = api.upload(path, [picture("two.png", "navy")], class_name="wren").json()
    assert len(body["accepted"]) == 1
    assert "robin" in body["warnings"][0]


def test_pictures_and_a_class_name_must_be_sent(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}/images"
    assert "images" in complaint(api.upload(path, [], class_name="robin"), 422)["message"]
    assert "class_name" in complaint(api.upload(path, [picture()]), 422)["message"]
    complaint(api.upload(path, [picture()], class_name=""), 422)
    complaint(api.upload(path, [picture()], class_name="x" * 65), 422)


def test_a_full_store_is_413_and_too_many_uploads_are_429(
    api: ApiClient, owner: Owner, birds: Belongings, settings: Settings
) -> None:
    path = f"/support-sets/{birds.support_set.id}/images"
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "owner_bytes": 10}
    assert complaint(api.upload(path, [picture()], class_name="robin"), 413)["code"] == "storage_full"
    too_little = bytes_used(owner) + 10
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "owner_bytes": too_little}
    body = complaint(api.upload(path, [picture("a.png")], class_name="robin"), 413)
    assert (body["code"], body["refused"][0]["file"]) == ("storage_full", "a.png")
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "owner_bytes": 10**9, "uploads_per_minute": 1}
    response = api.upload(path, [picture()], class_name="robin")
    assert complaint(response, 429)["code"] == "too_often"
    assert 0 < int(response.headers["Retry-After"]) <= 60


def test_a_picture_moves_to_another_class(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}/images/{birds.image.id}"
    response = api.patch(path, {"class_name": "wren"})
    assert response.status_code == 200
    assert response.json()["class_name"] == "wren"
    classes = api.get(f"/support-sets/{birds.support_set.id}").json()["classes"]
    counts = [support_class["count"] for support_class in classes]
    assert counts == [0, 2]


def test_a_move_without_a_class_is_refused(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}/images/{birds.image.id}"
    for body in ({}, {"class_name": ""}, {"class_name": None}):
        complaint(api.patch(path, body), 422)


def test_a_picture_is_deleted_once(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}/images/{birds.image.id}"
    assert api.delete(path).status_code == 204
    complaint(api.delete(path), 404)
    complaint(api.patch(path, {"class_name": "wren"}), 404)


def test_a_picture_is_found_in_its_own_support_set_only(api: ApiClient, owner: Owner, birds: Belongings) -> None:
    other = SupportSet.objects.create(owner=owner, name="Other")
    complaint(api.delete(f"/support-sets/{other.id}/images/{birds.image.id}"), 404)
    complaint(api.delete(f"/support-sets/{birds.support_set.id}/images/{uuid.uuid4()}"), 404)
    assert SupportImage.objects.present().filter(pk=birds.image.id).exists()
