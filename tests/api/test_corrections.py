"""Saying what a query picture really shows."""

from __future__ import annotations

from webapp.recognition.models import SupportImage

from .belongings import Belongings, answered
from .client import ApiClient, complaint


def test_a_correction_puts_the_picture_into_the_support_set(api: ApiClient, birds: Belongings) -> None:
    path = f"/predictions/{birds.prediction.id}"
    response = api.post(f"{path}/corrections", {"file": "query.png", "class_name": "wren"})
    assert response.status_code == 201
    body = response.json()
    kept = SupportImage.objects.get(pk=body["image_id"])
    assert kept.support_class.name == body["class_name"] == "wren"
    assert kept.support_class.support_set == birds.support_set
    assert api.get(path).json()["predictions"][0]["corrected_to"] == "wren"


def test_a_second_correction_moves_the_picture(api: ApiClient, birds: Belongings) -> None:
    path = f"/predictions/{birds.prediction.id}/corrections"
    first = api.post(path, {"file": "query.png", "class_name": "wren"}).json()
    second = api.post(path, {"file": "query.png", "class_name": "owl"}).json()
    assert first["image_id"] == second["image_id"]
    assert SupportImage.objects.get(pk=first["image_id"]).support_class.name == "owl"


def test_an_id_tells_pictures_of_one_name_apart(api: ApiClient, birds: Belongings) -> None:
    prediction = answered(birds.classifier, "same.png", "same.png")
    path = f"/predictions/{prediction.id}/corrections"
    assert "id" in complaint(api.post(path, {"file": "same.png", "class_name": "wren"}), 422)["message"]
    second = prediction.queries.get(position=1)
    assert api.post(path, {"file": str(second.id), "class_name": "wren"}).status_code == 201
    second.refresh_from_db()
    assert second.corrected_to == "wren"


def test_a_file_that_was_not_asked_about_is_refused(api: ApiClient, birds: Belongings) -> None:
    path = f"/predictions/{birds.prediction.id}/corrections"
    assert "owl.png" in complaint(api.post(path, {"file": "owl.png", "class_name": "wren"}), 422)["message"]


def test_a_picture_that_was_deleted_cannot_be_kept(api: ApiClient, birds: Belongings) -> None:
    birds.query.file = ""
    birds.query.save()
    path = f"/predictions/{birds.prediction.id}/corrections"
    complaint(api.post(path, {"file": "query.png", "class_name": "wren"}), 409)


def test_both_fields_are_needed(api: ApiClient, birds: Belongings) -> None:
    path = f"/predictions/{birds.prediction.id}/corrections"
    for body in ({"file": "query.png"}, {"class_name": "wren"}, {"file": "query.png", "class_name": " "}, []):
        complaint(api.post(path, body), 422)
