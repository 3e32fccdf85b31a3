"""A claim holds one attempt of one job, and nothing that another attempt writes counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from tests.fake_clock import FakeClock
from tests.jobs.app.models import Rehearsal, RehearsalResult
from tests.running import wait_until
from webapp.jobs import claims, services
from webapp.jobs.claims import Claim
from webapp.jobs.errors import Cancelled, LeaseLost
from webapp.jobs.models import JobStatus


def claimed(rehearsal: Rehearsal, worker: str = "ada:1") -> Claim[Rehearsal]:
    """Claim a rehearsal that is there to be claimed."""
    claim = services.claim(Rehearsal, rehearsal.pk, worker)
    assert claim is not None
    return claim


def lapse(rehearsal: Rehearsal) -> None:
    """Let the rehearsal's lease run out."""
    Rehearsal.objects.filter(pk=rehearsal.pk).update(lease_expires=timezone.now() - timedelta(seconds=1))


@transaction.atomic
def leave_result(claim: Claim[Rehearsal]) -> None:
    """Finish with a row beside the job's own, as work does."""
    RehearsalResult.objects.create(rehearsal=claim.job, attempt=claim.job.attempt, worker=1)
    claim.finish(answer="late")


@pytest.mark.django_db
def test_a_job_can_be_claimed_once() -> None:
    rehearsal = Rehearsal.objects.create()
    claim = claimed(rehearsal)
    assert (claim.job.status, claim.job.attempt, claim.job.lease_owner) == (JobStatus.RUNNING, 1, "ada:1")
    assert services.claim(Rehearsal, rehearsal.pk, "bob:2") is None


@pytest.mark.django_db
@pytest.mark.parametrize("status", [JobStatus.READY, JobStatus.FAILED, JobStatus.CANCELLED])
def test_a_job_that_has_ended_is_not_claimed(status: JobStatus) -> None:
    rehearsal = Rehearsal.objects.create(status=status)
    assert services.claim(Rehearsal, rehearsal.pk, "ada:1") is None


@pytest.mark.django_db
def test_a_job_that_is_gone_is_not_claimed() -> None:
    rehearsal = Rehearsal()
    assert services.claim(Rehearsal, rehearsal.pk, "ada:1") is None


@pytest.mark.django_db
def test_finishing_writes_the_result_and_the_status_together() -> None:
    rehearsal = Rehearsal.objects.create()
    claimed(rehearsal).finish(answer="forty-two")
    rehearsal.refresh_from_db()
    assert (rehearsal.status, rehearsal.answer, rehearsal.progress) == (JobStatus.READY, "forty-two", 1.0)
    assert rehearsal.finished is not None


@pytest.mark.django_db
def test_failing_writes_a_code_and_a_sentence() -> None:
    rehearsal = Rehearsal.objects.create()
    claimed(rehearsal).fail("blurred", "The picture is blurred.")
    rehearsal.refresh_from_db()
    assert (rehearsal.status, rehearsal.error_code) == (JobStatus.FAILED, "blurred")
    assert rehearsal.status_sentence == "The picture is blurred."


@pytest.mark.django_db
def test_renewing_extends_the_lease() -> None:
    rehearsal = Rehearsal.objects.create()
    claim = claimed(rehearsal)
    lapse(rehearsal)
    claim.renew()
    rehearsal.refresh_from_db()
    assert rehearsal.lease_expires is not None
    assert rehearsal.lease_expires > timezone.now()


@pytest.mark.django_db
def test_progress_is_written_at_most_twice_a_second() -> None:
    rehearsal = Rehearsal.objects.create()
    claim = claimed(rehearsal)
    claim.progress(0.25, "The first quarter")
    claim.progress(0.5, "Half")
    rehearsal.refresh_from_db()
    assert (rehearsal.progress, rehearsal.status_sentence) == (0.25, "The first quarter")


@pytest.mark.django_db
def test_an_attempt_that_was_replaced_cannot_finish() -> None:
    rehearsal = Rehearsal.objects.create()
    slow = claimed(rehearsal, "ada:1")
    lapse(rehearsal)
    services.sweep()
    quick = claimed(rehearsal, "bob:2")
    with pytest.raises(LeaseLost):
        leave_result(slow)
    quick.finish(answer="in time")
    rehearsal.refresh_from_db()
    assert (rehearsal.answer, rehearsal.attempt) == ("in time", 2)
    assert not rehearsal.results.exists()


@pytest.mark.django_db
def test_the_same_worker_cannot_finish_an_earlier_attempt_of_its_own() -> None:
    rehearsal = Rehearsal.objects.create()
    first = claimed(rehearsal)
    lapse(rehearsal)
    services.sweep()
    claimed(rehearsal)
    with pytest.raises(LeaseLost):
        first.finish(answer="late")


@pytest.mark.django_db
def test_a_job_that_was_cancelled_cannot_finish() -> None:
    rehearsal = Rehearsal.objects.create()
    claim = claimed(rehearsal)
    services.cancel(rehearsal)
    with pytest.raises(Cancelled):
        claim.finish(answer="too late")
    with pytest.raises(Cancelled):
        claim.renew()


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_renews_the_lease(settings: Settings) -> None:
    settings.GLIMPSE_JOBS = {**settings.GLIMPSE_JOBS, "renew_seconds": 0.05}
    rehearsal = Rehearsal.objects.create()
    claim = claimed(rehearsal)
    lapse(rehearsal)
    with claim.heartbeat():
        wait_until(lambda: not Rehearsal.objects.lapsed(timezone.now()).exists(), what="the renewal of the lease")


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_tells_the_work_that_it_was_cancelled(settings: Settings) -> None:
    settings.GLIMPSE_JOBS = {**settings.GLIMPSE_JOBS, "renew_seconds": 0.05}
    rehearsal = Rehearsal.objects.create()
    claim = claimed(rehearsal)
    services.cancel(rehearsal)
    with claim.heartbeat(), pytest.raises(Cancelled):
        wait_until(claim.check, seconds=10)


@pytest.mark.django_db
def test_what_the_next_attempt_goes_on_from_is_kept_even_of_a_cancelled_job_and_attempts_start_anew() -> None:
    claim = claimed(Rehearsal.objects.create(attempt=2))
    services.cancel(claim.job)
    claim.keep(answer="half")
    rehearsal = Rehearsal.objects.get()
    assert (rehearsal.answer, rehearsal.attempt, rehearsal.max_attempts) == ("half", 3, 6)
    with pytest.raises(Cancelled):
        claim.note(answer="more")


@pytest.mark.django_db
def test_a_lost_claim_keeps_nothing() -> None:
    claim = claimed(Rehearsal.objects.create())
    Rehearsal.objects.update(attempt=2)
    with pytest.raises(LeaseLost):
        claim.keep(answer="half")
    assert Rehearsal.objects.get().answer == ""


@pytest.mark.django_db
def test_a_claim_knows_how_long_its_lease_is_certain_to_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    for module in (services, claims):
        monkeypatch.setattr(module, "time", clock)
    claim = claimed(Rehearsal.objects.create())
    assert claim.lease_left == 6
    clock.sleep(4)
    assert claim.lease_left == 2
    claim.renew()
    assert claim.lease_left == 6
