"""People who agreed to the notice, and a worker that does at once what is queued."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faces.chain import StubChain, photo_upload
from webapp.accounts.models import Owner
from webapp.faces import services
from webapp.faces.models import FaceQuestion, Person
from webapp.faces.worker import answering as worker
from webapp.faces.worker import loaded
from webapp.jobs.models import JobStatus

Work = Callable[[], None]


@pytest.fixture
def owner(db: None) -> Owner:
    """Return a guest who has not agreed yet."""
    return Owner.objects.create(guest_id="someone")


@pytest.fixture
def agreed(owner: Owner) -> Owner:
    """Return the guest, who has agreed, and to a gallery as well."""
    services.give_consent(owner=owner, gallery=True)
    return owner


@pytest.fixture
def stranger(db: None) -> Owner:
    """Return another guest who has agreed."""
    other = Owner.objects.create(guest_id="someone else")
    services.give_consent(owner=other, gallery=True)
    return other


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Return a function that answers what is queued, with the chain that needs no weights."""
    monkeypatch.setattr(loaded, "chain", StubChain)

    def answer() -> None:
        for question in FaceQuestion.objects.filter(status=JobStatus.QUEUED):
            worker.answer(str(question.pk))

    return answer


@pytest.fixture
def ada(agreed: Owner, work: Work) -> Person:
    """Return somebody in the guest's gallery, remembered by two photos."""
    return remembered(agreed, "ada", work)


def remembered(owner: Owner, name: str, work: Work) -> Person:
    """Enrol somebody of the chain's colours in a gallery."""
    person = services.add_person(owner=owner, name=name)
    services.enrol(person=person, images=[photo_upload(name), photo_upload(name, height=130)])
    work()
    assert person.faces.count() == 2
    return person


def ask(owner: Owner, **fields: Any) -> FaceQuestion:
    """Ask whether two photos show the same person."""
    sent = {"image_a": photo_upload("ada"), "image_b": photo_upload("ada"), **fields}
    return services.verify(owner=owner, **sent)
