"""Making, reading, changing and deleting support sets."""

from __future__ import annotations

import uuid
from urllib.parse import quote

import pytest
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from webapp.accounts.models import Owner
from webapp.recognition import services
from webapp.recognition.models import SupportImage, SupportSet

from .belongings import Belongings
from .client import ApiClient, complaint, picture


def test_a_new_support_set_is_empty(api: ApiClient, owner: Owner) -> None:
    response = api.post("/support-sets", {"name": "Garden birds"})
    assert response.status_code == 201
    made = SupportSet.objects.get()
    assert made.owner == owner
    body = response.json()
    assert body["id"] == str(made.id)
    assert body["name"] == "Garden birds"
    assert body["classes"] == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\u0007b", "a\0b", "\ud800", None, 3, ["a"]])
def test_a_name_that_cannot_be_one_is_refused(api: ApiClient, name: object) -> None:
    complaint(api.post("/support-sets", {"name": name}), 422)
    assert not SupportSet.objects.exists()


def test_a_name_is_kept_in_nfc_whatever_its_script(api: ApiClient) -> None:
    assert api.post("/support-sets", {"name": " E\u0301tude 鳥 "}).json()["name"] == "Étude 鳥"


def test_a_support_set_shows_its_classes_in_order_with_counts_and_ids(api: ApiClient, birds: Belongings) -> None:
    body = api.get(f"/support-sets/{birds.support_set.id}").json()
    assert body["name"] == "Garden birds"
    assert [(support_class["name"], support_class["count"]) for support_class in body["classes"]] == [
        ("robin", 1),
        ("wren", 1),
    ]
    assert body["classes"][0]["image_ids"] == [str(birds.image.id)]


def test_reading_a_support_set_takes_few_queries(
    api: ApiClient, birds: Belongings, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(6):
        api.get(f"/support-sets/{birds.support_set.id}")


def test_a_support_set_says_which_kind_it_suggests_and_why(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}"
    before = api.get(path).json()["suggestion"]
    assert (before["kinds"], "fill the frame" in before["why"]) == (["photos"], True)
    SupportImage.objects.update(looks_drawn=True)
    after = api.get(path).json()["suggestion"]
    assert (after["kinds"], "ink on plain paper" in after["why"]) == (["characters"], True)


def test_the_list_comes_in_pages_newest_first(api: ApiClient, owner: Owner) -> None:
    for number in range(5):
        SupportSet.objects.create(owner=owner, name=f"set {number}")
    body = api.get("/support-sets", limit=2, offset=1).json()
    assert body["count"] == 5
    assert [support_set["name"] for support_set in body["items"]] == ["set 3", "set 2"]


@pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"offset": -1}, {"offset": 10**30}])
def test_a_page_that_cannot_be_is_refused(api: ApiClient, page: dict[str, object]) -> None:
    complaint(api.get("/support-sets", **page), 422)


def test_the_list_holds_nobody_elses(stranger: ApiClient, birds: Belongings) -> None:
    assert stranger.get("/support-sets").json() == {"items": [], "count": 0}


def test_name_class_names_and_order_change_together(api: ApiClient, birds: Belongings) -> None:
    changes = {"name": "Birds", "class_names": {"robin": "wren", "wren": "Robin"}, "order": ["Robin", "wren"]}
    response = api.patch(f"/support-sets/{birds.support_set.id}", changes)
    assert response.status_code == 200
    body = response.json()
    assert body["name"] == "Birds"
    assert [support_class["name"] for support_class in body["classes"]] == ["Robin", "wren"]
    assert body["classes"][1]["image_ids"] == [str(birds.image.id)]
    assert api.get(f"/support-sets/{birds.support_set.id}").json() == body


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "New", "class_names": {"owl": "Owl"}}, "unknown_class"),
        ({"name": "New", "class_names": {"robin": "wren"}}, "name_taken"),
        ({"name": "New", "class_names": {"robin": ""}}, "invalid_name"),
        ({"name": "New", "order": ["robin"]}, "wrong_order"),
        ({"name": "New", "order": ["robin", "robin"]}, "wrong_order"),
        ({"name": ""}, "invalid_name"),
        ({"class_names": ["robin"]}, "invalid"),
    ],
)
def test_a_change_that_cannot_be_made_changes_nothing(
    api: ApiClient, birds: Belongings, changes: dict[str, object], code: str
) -> None:
    before = api.get(f"/support-sets/{birds.support_set.id}").json()
    assert complaint(api.patch(f"/support-sets/{birds.support_set.id}", changes), 422)["code"] == code
    assert api.get(f"/support-sets/{birds.support_set.id}").json() == before


def test_the_models_may_learn_from_a_support_set_only_if_its_owner_says_so(api: ApiClient, birds: Belongings) -> None:
    address = f"/support-sets/{birds.support_set.pk}"
    assert api.get(address).json()["may_improve_models"] is False
    assert api.patch(address, {"may_improve_models": True}).json()["may_improve_models"] is True
    assert api.patch(address, {"name": "Birds"}).json()["may_improve_models"] is True
    assert api.patch(address, {"may_improve_models": False}).json()["may_improve_models"] is False


def test_a_class_is_deleted_by_its_name(api: ApiClient, birds: Belongings) -> None:
    assert api.delete(f"/support-sets/{birds.support_set.id}/classes/robin").status_code == 204
    classes = api.get(f"/support-sets/{birds.support_set.id}").json()["classes"]
    assert [support_class["name"] for support_class in classes] == ["wren"]
    complaint(api.delete(f"/support-sets/{birds.support_set.id}/classes/robin"), 404)


@pytest.mark.parametrize(
    "spelling", ["\u00e9t\u00e9", "e\u0301te\u0301", "\ufeff\u00e9t\u200b\u00e9\n", "\n\u00e9t\ufe0f\u00e9"]
)
@pytest.mark.parametrize("address", ["classes/{}", "classes?name={}"])
def test_a_class_is_found_however_its_name_is_spelt(
    api: ApiClient, birds: Belongings, spelling: str, address: str
) -> None:
    sent = api.upload(f"/support-sets/{birds.support_set.id}/images", [picture()], class_name="e\u0301t\u00ade\u0301")
    assert sent.status_code == 201
    assert [row.name for row in birds.support_set.classes.present()] == ["robin", "wren", "\u00e9t\u00e9"]
    path = f"/support-sets/{birds.support_set.id}/{address.format(quote(spelling))}"
    assert api.delete(path).status_code == 204
    assert [row.name for row in birds.support_set.classes.present()] == ["robin", "wren"]


def test_a_class_is_deleted_by_the_name_that_it_was_made_by(api: ApiClient, birds: Belongings) -> None:
    api.upload(f"/support-sets/{birds.support_set.id}/images", [picture()], class_name="a\nb")
    assert api.delete(f"/support-sets/{birds.support_set.id}/classes/a%0Ab").status_code == 204
    assert [row.name for row in birds.support_set.classes.present()] == ["robin", "wren"]


@pytest.mark.parametrize("name", [".", "..", "a/b", "a?b#c%2F"])
def test_a_class_of_any_name_can_be_addressed(api: ApiClient, birds: Belongings, name: str) -> None:
    services.add_class(support_set=birds.support_set, name=name)
    path = f"/support-sets/{birds.support_set.id}/classes?name={quote(name, safe='')}"
    assert api.delete(path).status_code == 204
    complaint(api.delete(path), 404)


def test_names_in_bodies_are_cleaned(api: ApiClient, birds: Belongings) -> None:
    path = f"/support-sets/{birds.support_set.id}"
    renamed, order = {"ro\u200bbin": "e\u0301te\u0301"}, ["wren", "\ufeff\u00e9t\u00e9"]
    changed = api.patch(path, {"name": "\u202eGarden", "class_names": renamed, "order": order}).json()
    assert changed["name"] == "Garden"
    assert [row["name"] for row in changed["classes"]] == ["wren", "\u00e9t\u00e9"]


def test_a_support_set_is_deleted_with_all_that_hangs_on_it(
    api: ApiClient, birds: Belongings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"/support-sets/{birds.support_set.id}").status_code == 204
    complaint(api.get(f"/support-sets/{birds.support_set.id}"), 404)
    complaint(api.get(f"/classifiers/{birds.classifier.id}"), 404)
    complaint(api.get(f"/predictions/{birds.prediction.id}"), 404)
    assert not birds.image.file.storage.exists(birds.image.file.name)


def test_what_never_was_and_what_is_someone_elses_get_the_same_answer(stranger: ApiClient, birds: Belongings) -> None:
    theirs = complaint(stranger.get(f"/support-sets/{birds.support_set.id}"), 404)
    assert theirs == complaint(stranger.get(f"/support-sets/{uuid.uuid4()}"), 404)
    assert theirs == complaint(stranger.get("/support-sets/42"), 404)
