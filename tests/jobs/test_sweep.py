"""The sweeper brings back what its message or its worker has lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.jobs.app.models import Rehearsal
from webapp.jobs import services
from webapp.jobs.models import JobStatus, job_models, resend_wait

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(hours=1)


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of ids that were sent."""
    ids: list[str] = []

    def take(*, task_name: str, queue: str, job_id: str, attempt: int) -> bool:
        ids.append(job_id)
        return True

    monkeypatch.setattr(services, "send_id", take)
    return ids


def lapsed(**fields: object) -> Rehearsal:
    """Make a rehearsal whose worker is gone."""
    gone = {"lease_owner": "ada:1", "lease_expires": timezone.now() - timedelta(seconds=1)}
    return Rehearsal.objects.create(status=JobStatus.RUNNING, **{"attempt": 1, **gone, **fields})


def test_a_job_that_was_never_sent_is_sent(sent: list[str]) -> None:
    rehearsal = Rehearsal.objects.create()
    services.sweep()
    assert sent == [str(rehearsal.pk)]


def test_a_message_just_sent_is_not_sent_again(sent: list[str]) -> None:
    Rehearsal.objects.create(sent_at=timezone.now(), times_sent=1)
    services.sweep()
    assert sent == []


def test_a_message_that_stays_unclaimed_is_sent_again(sent: list[str]) -> None:
    rehearsal = Rehearsal.objects.create(sent_at=timezone.now() - LONG_AGO, times_sent=1)
    services.sweep()
    rehearsal.refresh_from_db()
    assert sent == [str(rehearsal.pk)]
    assert rehearsal.times_sent == 2


def test_a_message_is_sent_again_ever_more_rarely() -> None:
    seconds = [resend_wait(times).total_seconds() for times in (1, 2, 3, 7, 50)]
    assert seconds == [5, 10, 20, 320, 320]


def test_the_oldest_job_is_sent_first(sent: list[str]) -> None:
    young = Rehearsal.objects.create()
    old = Rehearsal.objects.create(created=timezone.now() - LONG_AGO)
    services.sweep()
    assert sent == [str(old.pk), str(young.pk)]


def test_one_refusal_by_the_broker_ends_the_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[str] = []

    def refuse(*, task_name: str, queue: str, job_id: str, attempt: int) -> bool:
        refused.append(job_id)
        return False

    monkeypatch.setattr(services, "send_id", refuse)
    for _rehearsal in range(3):
        Rehearsal.objects.create()
    services.sweep()
    assert len(refused) == 1


def test_a_job_whose_worker_is_gone_is_queued_and_sent_again(sent: list[str]) -> None:
    rehearsal = lapsed(times_sent=5)
    services.sweep()
    rehearsal.refresh_from_db()
    assert (rehearsal.status, rehearsal.attempt, rehearsal.times_sent) == (JobStatus.QUEUED, 1, 1)
    assert sent == [str(rehearsal.pk)]


def test_a_job_whose_worker_is_gone_for_the_last_time_fails_in_words(sent: list[str]) -> None:
    rehearsal = lapsed(attempt=3, max_attempts=3)
    services.sweep()
    rehearsal.refresh_from_db()
    assert (rehearsal.status, rehearsal.error_code) == (JobStatus.FAILED, "worker_lost")
    assert "not tried again" in rehearsal.error
    assert sent == []


def test_a_cancelled_job_whose_worker_is_gone_is_cancelled(sent: list[str]) -> None:
    rehearsal = lapsed(cancel_requested=True)
    services.sweep()
    rehearsal.refresh_from_db()
    assert rehearsal.status == JobStatus.CANCELLED
    assert sent == []


def test_a_job_that_is_being_worked_on_is_left_alone(sent: list[str]) -> None:
    rehearsal = Rehearsal.objects.create()
    services.claim(Rehearsal, rehearsal.pk, "ada:1")
    services.sweep()
    rehearsal.refresh_from_db()
    assert rehearsal.status == JobStatus.RUNNING
    assert sent == []


def test_every_kind_of_job_is_swept() -> None:
    names = {model.__name__ for model in job_models()}
    assert {"Classifier", "Prediction", "ZipImport", "Rehearsal"} <= names
