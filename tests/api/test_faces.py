"""Faces over the API: consent first, then two photos compared, people remembered and recognised, all of it erased."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse

from mlcore.faces.card import face_card
from tests.faces.chain import StubChain, photo_upload
from webapp.accounts.models import Owner
from webapp.faces.models import EnrolledFace, FaceQuestion, Person
from webapp.faces.services import give_consent
from webapp.faces.worker import answering as worker
from webapp.faces.worker import loaded
from webapp.jobs.models import JobStatus

from .client import V1, ApiClient, complaint

pytestmark = pytest.mark.django_db(transaction=True)
NOBODYS = UUID(int=1)
Sent = dict[str, Any]


@pytest.fixture
def agreed(owner: Owner) -> Owner:
    """Return the owner, who has agreed to the notice and to a gallery."""
    give_consent(owner=owner, gallery=True)
    return owner


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Return a context in which a worker answers with the chain that needs no weights."""
    monkeypatch.setattr(loaded, "chain", StubChain)

    @contextmanager
    def work() -> Iterator[None]:
        done = threading.Event()

        def answer() -> None:
            try:
                while not done.wait(0.02):
                    for pk in FaceQuestion.objects.filter(status=JobStatus.QUEUED).values_list("pk", flat=True):
                        worker.answer(str(pk))
            finally:
                connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    return work


def send(api: ApiClient, path: str, **fields: Any) -> HttpResponse:
    """Send photos by the names of their fields."""
    return api._client.post(f"{V1}/faces{path}", fields)


def two(first: str = "ada", second: str = "ada", *, faces: int = 1) -> Sent:
    """Return two photos to be compared."""
    return {"image_a": photo_upload(first, faces=faces), "image_b": photo_upload(second)}


PEOPLE = "/faces/gallery/people"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/faces/consent"),
        ("get", PEOPLE),
        ("get", f"{PEOPLE}/{NOBODYS}"),
        ("delete", f"{PEOPLE}/{NOBODYS}"),
        ("get", f"{PEOPLE}/{NOBODYS}/photos/{NOBODYS}"),
        ("delete", f"{PEOPLE}/{NOBODYS}/photos/{NOBODYS}"),
        *[("get", f"/faces/{answers}/{NOBODYS}") for answers in ("verifications", "detections", "identifications")],
        ("get", f"/faces/enrolments/{NOBODYS}"),
        ("delete", f"/faces/verifications/{NOBODYS}"),
    ],
)
def test_without_a_consent_everything_is_403(api: ApiClient, method: str, path: str) -> None:
    body = complaint(getattr(api, method)(path), 403)
    assert body["code"] == "consent_needed"
    assert "/faces/" in body["message"]


def test_without_a_consent_no_photo_is_taken(api: ApiClient, owner: Owner) -> None:
    for path, fields in (
        ("/verify", two()),
        ("/detect", {"image": photo_upload()}),
        ("/identify", {"image": photo_upload()}),
        (f"/gallery/people/{NOBODYS}/photos", {"images": photo_upload()}),
    ):
        assert complaint(send(api, path, **fields), 403)["code"] == "consent_needed"
    assert complaint(api.post(PEOPLE, {"name": "Ada"}), 403)["code"] == "consent_needed"
    assert not FaceQuestion.objects.exists()


def test_a_consent_is_given_read_and_withdrawn(api: ApiClient) -> None:
    consent = api.post("/faces/consent")
    assert consent.status_code == 201
    assert consent.json()["version"] == 1
    assert consent.json()["gallery"] is False
    assert consent.json()["expires"] > consent.json()["given"]
    assert api.get("/faces/consent").json() == consent.json()
    assert complaint(api.get(PEOPLE), 403)["code"] == "gallery_not_wanted"
    assert api.post("/faces/consent?gallery=true").json()["gallery"] is True
    assert api.get(PEOPLE).json() == {"items": [], "count": 0}
    assert api.delete("/faces/consent").status_code == 204
    complaint(api.get("/faces/consent"), 403)


def test_two_photos_are_compared(api: ApiClient, agreed: Owner, working: Any) -> None:
    with working():
        answer = send(api, "/verify?wait=10", **two(faces=2))
        other = send(api, "/verify?wait=10", **two("ada", "ben"))
    assert answer.status_code == 200
    body = answer.json()
    assert body["same"] is True
    assert body["score"] == body["scores"][0][0] >= body["threshold"]
    assert body["far"] == pytest.approx(0.01, rel=0.5)
    assert body["measured_on"] == face_card().measured_on
    assert (len(body["faces_a"]), len(body["faces_b"])) == (2, 1)
    assert body["photo_a"] == {"width": 162, "height": 120}
    assert api.get(f"/faces/verifications/{body['id']}").json() == body
    assert other.json()["same"] is False


def test_without_a_wait_the_answer_is_202(api: ApiClient, agreed: Owner) -> None:
    started = send(api, "/verify", **two())
    assert started.status_code == 202
    assert started.json().keys() == {"id", "status"}
    path = f"/faces/verifications/{started.json()['id']}"
    assert api.get(path).status_code == 202
    assert api.delete(path).status_code == 204
    complaint(api.get(path), 404)


def test_a_stricter_rate_has_a_higher_threshold(api: ApiClient, agreed: Owner, working: Any) -> None:
    with working():
        usual = send(api, "/verify?wait=10", **two()).json()
        strict = send(api, "/verify?wait=10", **two(), far="0.001").json()
    assert strict["threshold"] > usual["threshold"]
    assert strict["far"] < usual["far"]
    assert strict["frr"] >= usual["frr"]


@pytest.mark.parametrize("far", ["0.5", "much", "nan", "-1"])
def test_a_rate_that_cannot_be_stated_is_422(api: ApiClient, agreed: Owner, far: str) -> None:
    complaint(send(api, "/verify", **two(), far=far), 422)
    assert not FaceQuestion.objects.exists()


def test_no_face_is_422_in_words(api: ApiClient, agreed: Owner, working: Any) -> None:
    with working():
        body = complaint(send(api, "/verify?wait=10", **two(faces=0)), 422)
    assert body["code"] == "no_face"
    assert "first photo" in body["message"]


def test_our_own_fault_is_500(api: ApiClient, agreed: Owner, working: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StubChain, "detect", lambda *_: 1 / 0)
    with working():
        assert complaint(send(api, "/verify?wait=10", **two()), 500)["code"] == "internal"


def test_faces_are_found(api: ApiClient, agreed: Owner, working: Any) -> None:
    with working():
        crowd = send(api, "/detect?wait=10", image=photo_upload(faces=3))
        none = send(api, "/detect?wait=10", image=photo_upload(faces=0))
    assert [len(answer.json()["faces"]) for answer in (crowd, none)] == [3, 0]
    face = crowd.json()["faces"][0]
    assert (face["left"], face["top"], face["right"], face["bottom"]) == (20, 20, 80, 80)
    assert len(face["landmarks"]) == 5
    assert api.get(f"/faces/detections/{crowd.json()['id']}").json() == crowd.json()
    complaint(api.get(f"/faces/verifications/{crowd.json()['id']}"), 404)


def test_a_missing_or_unusable_photo_is_422(api: ApiClient, agreed: Owner) -> None:
    complaint(send(api, "/verify", image_a=photo_upload()), 422)
    notes = SimpleUploadedFile("notes.txt", b"text")
    body = complaint(send(api, "/verify", image_a=photo_upload(), image_b=notes), 422)
    assert body["message"].startswith("Second photo:")


def test_what_speaks_against_a_photo_is_said_before_it_is_kept(api: ApiClient, agreed: Owner, working: Any) -> None:
    ada = api.post(PEOPLE, {"name": "Ada"}).json()
    photos = f"/gallery/people/{ada['id']}/photos?wait=10"
    with working():
        first = send(api, photos, images=[photo_upload("ada"), photo_upload("ada", height=130)])
        answer = send(api, photos, images=[photo_upload("ben"), photo_upload("ada")])
    body = answer.json()
    assert (len(first.json()["kept"]), first.json()["doubtful"]) == (2, [])
    assert (answer.status_code, body["kept"], body["refused"]) == (201, [], [])
    assert {held["photo"]: [doubt["code"] for doubt in held["doubts"]] for held in body["doubtful"]} == {
        1: ["unlike"],
        2: ["copy"],
    }
    assert all(held["crop"].startswith("data:image/jpeg;base64,") for held in body["doubtful"])
    assert len(api.get(f"{PEOPLE}/{ada['id']}").json()["photos"]) == 2
    kept = api.post(f"/faces/enrolments/{body['id']}?photo=1")
    assert (kept.status_code, len(kept.json()["kept"])) == (200, 1)
    assert [held["photo"] for held in kept.json()["doubtful"]] == [2]
    complaint(api.post(f"/faces/enrolments/{body['id']}?photo=1"), 422)
    assert len(api.get(f"{PEOPLE}/{ada['id']}").json()["photos"]) == 3


def test_people_are_remembered_and_recognised(api: ApiClient, agreed: Owner, working: Any) -> None:
    ada, ben = (api.post(PEOPLE, {"name": name}).json() for name in ("Ada", "Ben"))
    with working():
        for person, colour in ((ada, "ada"), (ben, "ben")):
            sent = [photo_upload(colour), photo_upload(colour, height=130), photo_upload(colour, faces=2)]
            enrolled = send(api, f"/gallery/people/{person['id']}/photos?wait=10", images=sent)
            assert enrolled.status_code == 201
            assert len(enrolled.json()["kept"]) == 2
            assert [refusal["photo"] for refusal in enrolled.json()["refused"]] == [3]
        known = send(api, "/identify?wait=10", image=photo_upload("ben")).json()
        stranger = send(api, "/identify?wait=10", image=photo_upload("cleo")).json()
    assert [face["person"]["name"] for face in known["faces"]] == ["Ben"]
    assert [near["name"] for near in known["faces"][0]["nearest"]] == ["Ben", "Ada"]
    assert [face["person"] for face in stranger["faces"]] == [None]
    assert api.get(f"/faces/identifications/{known['id']}").json() == known
    assert [person["name"] for person in api.get(PEOPLE).json()["items"]] == ["Ada", "Ben"]


def test_what_is_kept_of_a_person_is_read_renamed_and_erased(api: ApiClient, agreed: Owner, working: Any) -> None:
    person = api.post(PEOPLE, {"name": "Ada"}).json()
    path = f"{PEOPLE}/{person['id']}"
    with working():
        sent = [photo_upload("ada"), photo_upload("ada", height=130)]
        kept = send(api, f"/gallery/people/{person['id']}/photos?wait=10", images=sent).json()["kept"]
    assert [face["id"] for face in api.get(path).json()["photos"]] == kept
    crop = api.get(f"{path}/photos/{kept[0]}").json()
    assert crop["crop"].startswith("data:image/jpeg;base64,")
    assert api.patch(path, {"name": "Ada L."}).json()["name"] == "Ada L."
    assert api.delete(f"{path}/photos/{kept[0]}").status_code == 204
    assert EnrolledFace.objects.count() == 1
    assert api.delete(path).status_code == 204
    assert not Person.objects.exists()
    assert not EnrolledFace.objects.exists()


def test_a_name_is_taken_once_and_a_full_gallery_says_so(api: ApiClient, agreed: Owner, settings: Any) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "face_people": 2, "gallery_faces": 0}
    person = api.post(PEOPLE, {"name": "Ada"}).json()
    assert complaint(api.post(PEOPLE, {"name": "Ada"}), 422)["code"] == "name_taken"
    api.post(PEOPLE, {"name": "Ben"})
    assert complaint(api.post(PEOPLE, {"name": "Cleo"}), 422)["code"] == "limit_reached"
    body = complaint(send(api, f"/gallery/people/{person['id']}/photos", images=photo_upload()), 422)
    assert body["code"] == "limit_reached"


def test_an_empty_gallery_recognises_nobody(api: ApiClient, agreed: Owner) -> None:
    assert complaint(send(api, "/identify", image=photo_upload()), 409)["code"] == "gallery_empty"


def test_photos_of_crowds_and_of_nobody_are_refused_with_reasons(api: ApiClient, agreed: Owner, working: Any) -> None:
    person = api.post(PEOPLE, {"name": "Ada"}).json()
    with working():
        sent = [photo_upload(faces=2), photo_upload(faces=0)]
        body = complaint(send(api, f"/gallery/people/{person['id']}/photos?wait=10", images=sent), 422)
    assert "Photo 1: It shows 2 faces" in body["message"]
    assert "Photo 2: No face was found" in body["message"]
