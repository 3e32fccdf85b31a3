"""A guest signs in while their pictures are decoded or learned: what they began goes on, or says so in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.recognition.conftest import stored_files, visit
from tests.recognition.pictures import drawing, drawing_upload, encoded
from tests.recognition.test_archives import started, zipped
from tests.refusals import refused
from webapp.accounts import services as accounts
from webapp.accounts.models import Owner, OwnerQuerySet
from webapp.accounts.tokens import create_token
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.pictures import reader
from webapp.recognition import deletion, services
from webapp.recognition.models import Classifier, Prediction, SupportImage, SupportSet
from webapp.recognition.worker import archives, classifying


@pytest.fixture
def signs_in(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Owner]:
    """Let the guest sign in while the next picture is decoded; return what tells the user's owner."""
    user = User.objects.create_user("teacher")
    read_picture = reader.read_picture

    def slow(*arguments: Any, **keywords: Any) -> reader.Picture:
        guest = Owner.objects.filter(pk=owner.pk).first()
        accounts.adopt_guest(owner=guest, user=user)
        return read_picture(*arguments, **keywords)

    monkeypatch.setattr(reader, "read_picture", slow)
    return lambda: accounts.owner_of_user(user=user)


def test_an_import_goes_on_for_the_user(support_set: SupportSet, signs_in: Callable[[], Owner]) -> None:
    row = started(support_set, zipped({f"kite/{n}.png": encoded(drawing(n)) for n in range(3)}))
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.accepted, row.refused) == (JobStatus.READY, 3, [])
    assert SupportImage.objects.owned_by(signs_in()).count() == 3
    assert signs_in().allowances.get(name="decoding_kilopixels_per_minute").used > 0


def test_an_upload_from_another_tab_is_kept(support_set: SupportSet, signs_in: Callable[[], Owner]) -> None:
    kite = services.add_class(support_set=support_set, name="kite")
    address = f"/support-sets/{support_set.pk}/classes/{kite.pk}/images/"
    answer = visit(support_set.owner).post(address, {"images": [drawing_upload(1), drawing_upload(2)]})
    assert answer.status_code == 302
    assert SupportImage.objects.owned_by(signs_in()).count() == 2


@pytest.mark.usefixtures("ready")
def test_a_question_is_to_be_asked_again(
    ready: Classifier, settings: Any, request: pytest.FixtureRequest, owner: Owner
) -> None:
    before = stored_files(settings)
    request.getfixturevalue("signs_in")
    with refused("changed_meanwhile", match="You have signed in meanwhile. Do this once more."):
        services.start_prediction(owner=owner, classifier=ready, files=[drawing_upload(9)])
    assert not Prediction.objects.exists()
    assert stored_files(settings) == before


@pytest.mark.usefixtures("tiny_checkpoint")
def test_learning_goes_on_for_the_user(signs: SupportSet, monkeypatch: pytest.MonkeyPatch) -> None:
    row = services.start_classifier(owner=signs.owner, support_set=signs)
    adapted, user = classifying._adapted, User.objects.create_user("teacher")

    def slow(claim: Any, *others: Any) -> Any:
        assert claim.job.owner.is_guest
        accounts.adopt_guest(owner=signs.owner, user=user)
        return adapted(claim, *others)

    monkeypatch.setattr(classifying, "_adapted", slow)
    classifying.learn(str(row.pk))
    row = Classifier.objects.get(pk=row.pk)
    assert (row.status, row.owner.user) == (JobStatus.READY, user)


@pytest.mark.django_db
def test_what_is_counted_of_somebody_who_is_gone_is_nothing() -> None:
    gone = Owner(guest_id="gone")
    accounts.charge(owner=gone, amounts={"decoding_ms_per_minute": 1})
    assert accounts.spend(owner=gone, name="uploads_per_minute", per_minute=1) == 0


@pytest.mark.django_db(transaction=True)
def test_the_next_job_is_sent_for_the_user(signs: SupportSet, checkpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(jobs, "send_id", lambda *, job_id, **_message: sent.append(job_id) or True)
    first, second = (services.start_classifier(owner=signs.owner, support_set=signs) for _ in range(2))
    accounts.adopt_guest(owner=signs.owner, user=User.objects.create_user("teacher"))
    jobs.run_claimed(Classifier, first.pk, lambda claim: claim.fail("no", "No."))
    assert sent == [str(first.pk), str(second.pk)]


# --- An owner is held before anything of theirs is changed ------------------------------------------------------------


def deleted_image(signs: SupportSet) -> Callable[[], object]:
    image = SupportImage.objects.filter(support_class__support_set=signs)[0]
    services.delete_image(image=image)
    return lambda: services.restore_image(image=image)


def deleted_class(signs: SupportSet) -> Callable[[], object]:
    support_class = signs.classes.all()[0]
    services.delete_class(support_class=support_class)
    return lambda: services.restore_class(support_class=support_class)


def guest_of(signs: SupportSet) -> Callable[[], object]:
    user = User.objects.create_user("teacher")
    accounts.owner_of_user(user=user)
    return lambda: accounts.adopt_guest(owner=signs.owner, user=user)


def expired(signs: SupportSet) -> Callable[[], object]:
    return lambda: deletion.remove_owner(signs.owner)


def without_token(signs: SupportSet) -> Callable[[], object]:
    return lambda: create_token(owner=signs.owner, name="mine")


@pytest.mark.parametrize("prepare", [deleted_image, deleted_class, guest_of, expired, without_token])
def test_the_owner_is_held_before_every_other_lock(
    signs: SupportSet, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[SupportSet], Callable[[], object]]
) -> None:
    act, hold, written = prepare(signs), OwnerQuerySet.hold, list[list[str]]()

    def watched(rows: OwnerQuerySet, owner: Owner) -> bool:
        assert owner == signs.owner
        written.append([row["sql"] for row in queries if not row["sql"].startswith(("SELECT", "SAVEPOINT"))])
        return hold(rows, owner)

    monkeypatch.setattr(OwnerQuerySet, "hold", watched)
    with CaptureQueriesContext(connection) as queries:
        act()
    assert written[:1] == [[]]
