"""Before a photo of somebody is kept, what speaks against it is said; then it is kept on their word alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.faces.chain import photo_upload
from tests.faces.conftest import Work, remembered
from tests.recognition.conftest import visit
from tests.refusals import refused
from webapp.accounts.models import Owner
from webapp.faces import retention, services
from webapp.faces.answers import Enrolment, answer_of
from webapp.faces.models import EnrolledFace, FaceQuestion, Person

pytestmark = pytest.mark.django_db(transaction=True)


def enrolled(person: Person, work: Work, *images: SimpleUploadedFile) -> FaceQuestion:
    question = services.enrol(person=person, images=images)
    work()
    question.refresh_from_db()
    return question


def doubts_of(question: FaceQuestion) -> dict[int, list[str]]:
    """Return the codes of what speaks against each photo that is held back."""
    answer = answer_of(question)
    assert isinstance(answer, Enrolment), question.error
    return {photo.photo: [doubt.code for doubt in photo.doubts] for photo in answer.doubtful}


def sentences_of(question: FaceQuestion) -> str:
    answer = answer_of(question)
    assert isinstance(answer, Enrolment)
    return " ".join(doubt.message for photo in answer.doubtful for doubt in photo.doubts)


def test_photos_that_fit_are_kept_at_once(agreed: Owner, work: Work) -> None:
    question = enrolled(
        services.add_person(owner=agreed, name="Ada"), work, photo_upload("ada"), photo_upload("ada", height=130)
    )
    assert doubts_of(question) == {}
    assert EnrolledFace.objects.count() == 2


def test_a_photo_unlike_the_others_of_a_person_is_held_back(ada: Person, work: Work) -> None:
    question = enrolled(ada, work, photo_upload("ben"))
    assert doubts_of(question) == {1: ["unlike"]}
    assert "unlike the others of this person (score -0." in sentences_of(question)
    assert ada.faces.count() == 2


def test_of_first_photos_the_odd_one_is_held_back_and_the_others_are_kept(agreed: Owner, work: Work) -> None:
    person = services.add_person(owner=agreed, name="Ada")
    sent = photo_upload("ada"), photo_upload("ben"), photo_upload("ada", height=130)
    assert doubts_of(enrolled(person, work, *sent)) == {2: ["unlike"]}
    assert person.faces.count() == 2


def test_of_two_first_photos_that_are_unlike_neither_is_kept_unasked(agreed: Owner, work: Work) -> None:
    person = services.add_person(owner=agreed, name="Ada")
    assert doubts_of(enrolled(person, work, photo_upload("ada"), photo_upload("ben"))) == {1: ["unlike"], 2: ["unlike"]}
    assert not person.faces.exists()


def test_the_same_file_twice_is_held_back_at_once_and_later(agreed: Owner, work: Work) -> None:
    person = services.add_person(owner=agreed, name="Ada")
    assert doubts_of(enrolled(person, work, photo_upload("ada"), photo_upload("ada"))) == {2: ["copy"]}
    assert doubts_of(enrolled(person, work, photo_upload("ada"))) == {1: ["copy"]}
    assert person.faces.count() == 1


def test_somebody_like_another_is_held_back_and_both_are_named(ada: Person, work: Work) -> None:
    twin = services.add_person(owner=ada.owner, name="Twin")
    question = enrolled(twin, work, photo_upload("ada"))
    assert doubts_of(question) == {1: ["alike"]}
    assert "This face is like “ada” (score 1.000)" in sentences_of(question)
    services.remove_person(person=ada)
    assert doubts_of(question) == {1: []}


def test_nobody_is_compared_with_someone_elses_gallery(ada: Person, stranger: Owner, work: Work) -> None:
    twin = services.add_person(owner=stranger, name="Twin")
    assert doubts_of(enrolled(twin, work, photo_upload("ada"))) == {}


def test_what_is_held_back_is_kept_on_their_word_and_once(ada: Person, work: Work) -> None:
    question = enrolled(ada, work, photo_upload("ben"), photo_upload("cleo"))
    question = services.keep_doubtful(question=question, photo=2)
    assert doubts_of(question) == {1: ["unlike"]}
    assert ada.faces.count() == 3
    with refused("unknown_picture"):
        services.keep_doubtful(question=question, photo=2)
    services.keep_doubtful(question=question)
    assert ada.faces.count() == 4
    assert all(
        bytes(face.crop.jpeg).startswith(b"\xff\xd8\xff") and len(face.embedding) == 512 for face in ada.faces.all()
    )


def test_what_nobody_decides_about_goes_with_its_answer(ada: Person, work: Work) -> None:
    enrolled(ada, work, photo_upload("ben"))
    FaceQuestion.objects.update(finished=timezone.now() - timedelta(minutes=11))
    retention.forget()
    assert not FaceQuestion.objects.exists()
    assert ada.faces.count() == 2


def test_a_gallery_that_is_full_keeps_no_more(ada: Person, work: Work, settings: pytest.FixtureRequest) -> None:
    question = enrolled(ada, work, photo_upload("ben"))
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "gallery_faces": 2}  # type: ignore[attr-defined]
    with refused("limit_reached"):
        services.keep_doubtful(question=question)


def test_the_page_says_it_and_keeps_on_a_word_without_scripts(ada: Person, work: Work) -> None:
    remembered(ada.owner, "cleo", work)
    client = visit(ada.owner)
    sent = client.post(f"/faces/people/{ada.pk}/photos/", {"images": [photo_upload("cleo", height=140)]})
    work()
    page = client.get(sent["Location"]).content.decode()
    assert "0 faces are kept" in page
    assert "One photo of ada is not kept yet" in page
    assert "This face is unlike the others of this person" in page
    assert "This face is like “cleo”" in page
    address = re.findall(r'action="(/faces/questions/[^"]+/keep/)"', page)[0]
    client.post(address, {"photo": "1"})
    assert "1 face is kept" in client.get(sent["Location"]).content.decode()
    assert ada.faces.count() == 3
