"""Nothing about faces is done before the notice is agreed to, nor after the consent ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from tests.faces.chain import photo_upload
from tests.faces.conftest import Work, ask
from tests.recognition.conftest import stored_files, visit
from tests.refusals import refused
from webapp.accounts.models import Owner
from webapp.accounts.services import adopt_guest, owner_of_user
from webapp.faces import models, retention, services
from webapp.faces.models import Consent, EnrolledFace, FaceQuestion, Person
from webapp.faces.urls import urlpatterns

NOBODYS = UUID(int=1)
FREE = {"faces", "face_consent"}


def pages() -> Iterator[str]:
    """Yield the address of every page on faces but the notice and its button."""
    for pattern in urlpatterns:
        if pattern.name not in FREE:
            names = pattern.pattern.converters
            yield reverse(pattern.name, kwargs=dict.fromkeys(names, NOBODYS))


def refuses(client: Client, address: str) -> bool:
    """Return whether the page is refused for want of a consent, by whichever method it takes."""
    answers = [client.get(address), client.post(address, {"image_a": photo_upload(), "image_b": photo_upload()})]
    seen = [answer for answer in answers if answer.status_code != 405]
    return bool(seen) and all(answer.status_code == 403 and b"I agree" in answer.content for answer in seen)


@pytest.mark.parametrize("address", list(pages()))
def test_without_a_consent_every_page_is_403_and_shows_the_notice(owner: Owner, address: str) -> None:
    assert refuses(visit(owner), address)
    assert refuses(visit(None), address)


@pytest.mark.parametrize("address", list(pages()))
def test_after_the_withdrawal_every_page_is_403_again(agreed: Owner, address: str) -> None:
    assert not refuses(visit(agreed), address)
    services.withdraw_consent(owner=agreed)
    assert refuses(visit(agreed), address)


def test_the_notice_can_be_read_and_leaves_no_trace(db: None) -> None:
    client = Client()
    assert b"I agree" in client.get("/faces/").content
    assert not Owner.objects.exists()


def test_agreeing_makes_a_record_and_leads_to_where_one_wanted_to_go(db: None) -> None:
    client = Client()
    assert client.post("/faces/consent/", {"next": "/faces/gallery/"})["Location"] == "/faces/gallery/"
    consent = Consent.objects.get()
    assert (consent.version, consent.withdrawn, consent.gallery) == (models.NOTICE_VERSION, None, False)
    assert consent.expires - consent.given == timedelta(days=30)
    assert client.get("/faces/verify/").status_code == 200


@pytest.mark.parametrize("target", ["https://example.org/faces/", "//example.org", "/my/", ""])
def test_agreeing_leads_to_no_other_place(db: None, target: str) -> None:
    assert Client().post("/faces/consent/", {"next": target})["Location"] == "/faces/verify/"


def test_agreeing_twice_is_one_consent(owner: Owner) -> None:
    assert services.give_consent(owner=owner) == services.give_consent(owner=owner)


def test_services_refuse_without_a_consent(owner: Owner) -> None:
    with refused("consent_needed"):
        ask(owner)
    with refused("consent_needed"):
        services.detect(owner=owner, image=photo_upload())
    with refused("consent_needed"):
        services.add_person(owner=owner, name="Ada")


def test_a_gallery_needs_a_consent_of_its_own(owner: Owner) -> None:
    services.give_consent(owner=owner)
    with refused("gallery_not_wanted"):
        services.add_person(owner=owner, name="Ada")
    with refused("gallery_not_wanted"):
        services.identify(owner=owner, image=photo_upload())
    services.give_consent(owner=owner, gallery=True)
    assert services.add_person(owner=owner, name="Ada").name == "Ada"


@pytest.mark.django_db(transaction=True)
def test_withdrawing_erases_everything_and_keeps_the_record(ada: Person, work: Work, settings: Any) -> None:
    owner = ada.owner
    ask(owner)
    work()
    ask(owner)
    assert stored_files(settings)
    services.withdraw_consent(owner=owner)
    assert not stored_files(settings)
    assert not FaceQuestion.objects.exists()
    assert not Person.objects.exists()
    assert not EnrolledFace.objects.exists()
    assert Consent.objects.get(owner=owner).withdrawn


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_touches_nobody_else(agreed: Owner, stranger: Owner, work: Work) -> None:
    ask(stranger)
    work()
    services.withdraw_consent(owner=agreed)
    assert FaceQuestion.objects.get().owner == stranger
    assert services.consent_of(owner=stranger)


@pytest.mark.django_db(transaction=True)
def test_a_consent_runs_out_with_everything_it_allowed(ada: Person) -> None:
    Consent.objects.update(given=timezone.now() - timedelta(days=29))
    retention.forget()
    assert Person.objects.exists()
    Consent.objects.update(given=timezone.now() - timedelta(days=31))
    retention.forget()
    assert not Person.objects.exists()
    assert Consent.objects.get().withdrawn


@pytest.mark.django_db(transaction=True)
def test_another_notice_asks_everybody_anew(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "NOTICE_VERSION", 2)
    assert services.consent_of(owner=ada.owner) is None


@pytest.mark.django_db(transaction=True)
def test_who_agreed_anew_keeps_the_gallery(ada: Person) -> None:
    Consent.objects.update(given=timezone.now() - timedelta(days=31))
    services.give_consent(owner=ada.owner, gallery=True)
    retention.forget()
    assert Person.objects.filter(pk=ada.pk).exists()
    assert Consent.objects.filter(withdrawn=None).count() == 1


def test_a_guest_who_signs_up_takes_the_gallery_along(ada: Person, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("teacher")
    adult = adopt_guest(owner=ada.owner, user=user)
    assert Person.objects.owned_by(adult).get() == ada
    assert services.consent_of(owner=adult)


def test_a_guest_who_signs_in_may_know_people_of_the_same_names(ada: Person, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("teacher")
    adult = owner_of_user(user=user)
    services.give_consent(owner=adult)
    Person.objects.create(owner=adult, name=ada.name, expires=ada.expires)
    adopt_guest(owner=ada.owner, user=user)
    assert Person.objects.owned_by(adult).count() == 2
    assert services.require_gallery(owner=adult)


def test_every_page_on_faces_is_known_to_the_site() -> None:
    assert get_resolver().reverse_dict.getlist("faces")
