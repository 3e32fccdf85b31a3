"""People remembered for a day, recognised, and forgotten with everything that was kept of them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.faces.chain import photo_upload
from tests.faces.conftest import Work, remembered
from tests.recognition.conftest import stored_files, visit
from tests.refusals import refused
from webapp.accounts.models import Owner
from webapp.faces import retention, services
from webapp.faces.answers import Identification, answer_of
from webapp.faces.models import EnrolledFace, FaceQuestion, Person

pytestmark = pytest.mark.django_db(transaction=True)


def who(owner: Owner, work: Work, person: str, *, faces: int = 1) -> list[str | None]:
    """Ask who a photo shows, and return the name for each face."""
    question = services.identify(owner=owner, image=photo_upload(person, faces=faces))
    work()
    question.refresh_from_db()
    answer = answer_of(question)
    assert isinstance(answer, Identification), question.error
    return [face.person.name if face.person else None for face in answer.faces]


def test_everybody_known_is_named_and_a_stranger_is_nobody(agreed: Owner, work: Work) -> None:
    remembered(agreed, "ada", work)
    remembered(agreed, "ben", work)
    assert who(agreed, work, "ada") == ["ada"]
    assert who(agreed, work, "ben", faces=2) == ["ben", "ben"]
    assert who(agreed, work, "cleo") == [None]


def test_nobody_is_named_from_someone_elses_gallery(ada: Person, stranger: Owner, work: Work) -> None:
    remembered(stranger, "cleo", work)
    assert who(stranger, work, "ada") == [None]


def test_of_a_photo_a_crop_and_128_numbers_stay_and_nothing_else(ada: Person, settings: Any) -> None:
    for face in ada.faces.all():
        assert len(face.embedding) == 512
        assert bytes(face.crop.jpeg).startswith(b"\xff\xd8\xff")
    assert not stored_files(settings)


def test_people_go_after_their_day(ada: Person) -> None:
    assert ada.expires - ada.created == pytest.approx(timedelta(hours=24), abs=timedelta(seconds=1))
    retention.forget()
    assert Person.objects.exists()
    Person.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert not Person.objects.owned_by(ada.owner).exists()
    assert not EnrolledFace.objects.owned_by(ada.owner).exists()
    retention.forget()
    assert not Person.objects.exists()
    assert not EnrolledFace.objects.exists()


def test_how_long_a_gallery_lasts_is_a_setting(agreed: Owner, settings: Any) -> None:
    settings.GLIMPSE_GALLERY_HOURS = 2.0
    person = services.add_person(owner=agreed, name="Ada")
    assert person.expires - person.created == pytest.approx(timedelta(hours=2), abs=timedelta(seconds=1))


def test_a_person_can_be_added_anew_once_their_day_is_over(ada: Person) -> None:
    with refused("name_taken"):
        services.add_person(owner=ada.owner, name="ada")
    Person.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert services.add_person(owner=ada.owner, name="ada").faces.count() == 0


def test_who_is_removed_is_no_longer_named_not_even_in_an_answer_from_before(ada: Person, work: Work) -> None:
    question = services.identify(owner=ada.owner, image=photo_upload("ada"))
    work()
    services.remove_person(person=ada)
    question.refresh_from_db()
    answer = answer_of(question)
    assert isinstance(answer, Identification)
    assert [(face.person, face.nearest) for face in answer.faces] == [(None, [])]
    with refused("gallery_empty"):
        services.identify(owner=ada.owner, image=photo_upload("ada"))


def test_a_gallery_that_is_emptied_meanwhile_knows_nobody(ada: Person, work: Work) -> None:
    services.identify(owner=ada.owner, image=photo_upload("ada"))
    services.remove_person(person=ada)
    work()
    answer = answer_of(FaceQuestion.objects.get(kind="identify"))
    assert isinstance(answer, Identification)
    assert [face.person for face in answer.faces] == [None]


def test_a_person_who_is_removed_meanwhile_is_not_remembered(ada: Person, work: Work, settings: Any) -> None:
    services.enrol(person=ada, images=[photo_upload("ada")])
    services.remove_person(person=ada)
    assert not stored_files(settings)
    work()
    assert not EnrolledFace.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 65])
def test_a_name_must_be_one(agreed: Owner, name: str) -> None:
    with refused("invalid_name"):
        services.add_person(owner=agreed, name=name)


def test_a_gallery_holds_so_many_and_no_more(ada: Person, settings: Any) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "gallery_faces": 3, "face_people": 1}
    with refused("limit_reached"):
        services.add_person(owner=ada.owner, name="Ben")
    with refused("limit_reached"):
        services.enrol(person=ada, images=[photo_upload("ada"), photo_upload("ada")])
    assert services.enrol(person=ada, images=[photo_upload("ada")])


@pytest.mark.parametrize("photos", [0, 11])
def test_no_photo_and_too_many_are_refused(ada: Person, photos: int) -> None:
    with refused("no_usable_picture"):
        services.enrol(person=ada, images=[photo_upload("ada") for _ in range(photos)])


def test_the_pages_keep_a_gallery_without_scripts(agreed: Owner, work: Work) -> None:
    client = visit(agreed)
    client.post("/faces/people/", {"name": "Ada"})
    person = Person.objects.get()
    sent = client.post(
        f"/faces/people/{person.pk}/photos/", {"images": [photo_upload("ada"), photo_upload("ada", height=130)]}
    )
    work()
    assert "2 faces are kept" in client.get(sent["Location"]).content.decode()
    face = person.faces.all()[0]
    crop = client.get(f"/faces/kept/{face.pk}/")
    assert (crop["Content-Type"], crop["Content-Security-Policy"]) == ("image/jpeg", "default-src 'none'; sandbox")
    assert "no-store" in crop["Cache-Control"]
    asked = client.post("/faces/identify/", {"image": photo_upload("ada")})
    work()
    assert "Ada" in client.get(asked["Location"]).content.decode()
    client.post(f"/faces/people/{person.pk}/rename/", {"name": "Ada L."})
    client.post(f"/faces/kept/{face.pk}/delete/")
    assert person.faces.count() == 1
    assert "Ada L." in client.get("/faces/gallery/").content.decode()
    client.post(f"/faces/people/{person.pk}/delete/")
    assert not Person.objects.exists()


def field_and_text(page: Any) -> tuple[str, str]:
    """Return the one field of a refused page that is marked as wrong, and the whole page."""
    assert page.status_code == 422
    text = page.content.decode()
    [field] = re.findall('<input[^>]* aria-invalid="true" aria-describedby="name-refused"[^>]*>', text)
    return field, text


def test_why_a_name_is_refused_is_said_beside_the_field_that_keeps_it(ada: Person) -> None:
    field, text = field_and_text(visit(ada.owner).post("/faces/people/", {"name": " ada"}))
    assert 'value=" ada"' in field
    assert 'id="name-refused" role="alert">There is a person “ada” already.<' in text
    assert Person.objects.get() == ada


def test_who_cannot_be_renamed_keeps_their_name_and_is_told_beside_it(ada: Person, work: Work) -> None:
    ben = remembered(ada.owner, "ben", work)
    field, text = field_and_text(visit(ada.owner).post(f"/faces/people/{ben.pk}/rename/", {"name": "ada"}))
    assert 'value="ben"' in field
    assert 'id="name-refused" role="alert">There is a person “ada” already.<' in text
    ben.refresh_from_db()
    assert ben.name == "ben"


def test_a_full_gallery_and_a_name_that_is_none_are_said_beside_the_field(ada: Person, settings: Any) -> None:
    client = visit(ada.owner)
    assert "A name needs at least one character" in field_and_text(client.post("/faces/people/", {"name": " "}))[1]
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "face_people": 1}
    field, text = field_and_text(client.post("/faces/people/", {"name": "Ben"}))
    assert 'value="Ben"' in field
    assert "A gallery may have at most 1 people." in text


def test_a_gallery_is_shown_after_one_look_at_the_consent(ada: Person) -> None:
    client = visit(ada.owner)
    with CaptureQueriesContext(connection) as seen:
        assert "ada" in client.get("/faces/gallery/").content.decode()
    assert sum("faces_consent" in query["sql"] for query in seen.captured_queries) == 1
