"""Jobs are enqueued, cancelled and worked on through a few services, which alone change their status."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.jobs.app.models import Rehearsal
from webapp.core.errors import UserError
from webapp.jobs import services
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed, LeaseLost
from webapp.jobs.models import JobStatus


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Return the list of what was sent: (task, queue, id)."""
    messages: list[tuple[str, str, str]] = []

    def take(*, task_name: str, queue: str, job_id: str, attempt: int) -> bool:
        messages.append((task_name, queue, job_id))
        return True

    monkeypatch.setattr(services, "send_id", take)
    return messages


@pytest.mark.django_db(transaction=True)
def test_a_job_is_sent_only_once_its_transaction_is_committed(sent: list[tuple[str, str, str]]) -> None:
    with transaction.atomic():
        rehearsal = Rehearsal.objects.create()
        services.enqueue(rehearsal)
        assert sent == []
    assert sent == [("rehearsals.rehearse", "rehearsals", str(rehearsal.pk))]
    rehearsal.refresh_from_db()
    assert rehearsal.sent_at is not None
    assert rehearsal.times_sent == 1


@pytest.mark.django_db(transaction=True)
def test_a_job_of_a_transaction_that_fails_is_never_sent(sent: list[tuple[str, str, str]]) -> None:
    with transaction.atomic():
        services.enqueue(Rehearsal.objects.create())
        transaction.set_rollback(True)
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_a_job_that_the_broker_does_not_take_stays_queued_and_says_so() -> None:
    rehearsal = Rehearsal.objects.create()
    services.enqueue(rehearsal)
    rehearsal.refresh_from_db()
    assert (rehearsal.status, rehearsal.sent_at) == (JobStatus.QUEUED, None)
    assert rehearsal.status_sentence.startswith("Busy, queued")


@pytest.mark.django_db(transaction=True)
def test_a_queued_job_says_how_many_come_before_it(sent: list[tuple[str, str, str]]) -> None:
    first, second, third, fourth = (Rehearsal.objects.create() for _ in range(4))
    for rehearsal in (first, second, third, fourth):
        services.enqueue(rehearsal)
    assert first.status_sentence == "Queued: this starts in a moment."
    assert second.status_sentence == "Queued: 1 other comes before this."
    services.claim(Rehearsal, first.pk, "somebody")
    assert second.status_sentence == "Queued: this is next, after what is being worked on now."
    assert fourth.status_sentence == "Queued: 2 others come before this."
    services.cancel(second)
    assert fourth.status_sentence == "Queued: 1 other comes before this."
    with CaptureQueriesContext(connection) as queries:
        assert fourth.status_sentence
    assert len(queries) == 1


@pytest.mark.django_db
def test_a_queued_job_is_cancelled_at_once() -> None:
    rehearsal = Rehearsal.objects.create()
    services.cancel(rehearsal)
    assert (rehearsal.status, rehearsal.status_sentence) == (JobStatus.CANCELLED, "Cancelled.")
    assert rehearsal.finished is not None
    assert services.claim(Rehearsal, rehearsal.pk, "ada:1") is None


@pytest.mark.django_db
def test_a_running_job_is_asked_to_stop() -> None:
    rehearsal = Rehearsal.objects.create()
    services.claim(Rehearsal, rehearsal.pk, "ada:1")
    services.cancel(rehearsal)
    assert (rehearsal.status, rehearsal.cancel_requested) == (JobStatus.RUNNING, True)
    assert rehearsal.status_sentence == "Stopping."
    assert rehearsal.finished is None


@pytest.mark.django_db
@pytest.mark.parametrize("status", [JobStatus.READY, JobStatus.FAILED])
def test_a_job_that_has_ended_is_not_cancelled(status: JobStatus) -> None:
    rehearsal = Rehearsal.objects.create(status=status)
    services.cancel(rehearsal)
    assert (rehearsal.status, rehearsal.cancel_requested) == (status, False)


@pytest.mark.django_db
def test_active_jobs_are_those_queued_or_running() -> None:
    for status in JobStatus:
        Rehearsal.objects.create(status=status)
    active = {rehearsal.status for rehearsal in Rehearsal.objects.active()}
    assert active == {JobStatus.QUEUED, JobStatus.RUNNING}


def run(work: object) -> Rehearsal:
    """Run a rehearsal whose work is this function, and return its row."""
    rehearsal = Rehearsal.objects.create()
    services.run_claimed(Rehearsal, rehearsal.pk, work)  # type: ignore[arg-type]
    rehearsal.refresh_from_db()
    return rehearsal


@pytest.mark.django_db(transaction=True)
def test_work_that_finishes_is_ready() -> None:
    done = run(lambda claim: claim.finish(answer="done"))
    assert (done.status, done.answer) == (JobStatus.READY, "done")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "reason", [JobFailed(code="not_ready", message="Add a class."), UserError("not_ready", "Add a class.")]
)
def test_work_that_the_person_can_mend_fails_in_its_own_words(reason: Exception) -> None:
    def work(claim: Claim[Rehearsal]) -> None:
        raise reason

    failed = run(work)
    assert (failed.status, failed.error_code, failed.error) == (JobStatus.FAILED, "not_ready", "Add a class.")


@pytest.mark.django_db(transaction=True)
def test_work_that_breaks_is_our_fault_and_names_the_id_it_is_logged_under() -> None:
    def work(claim: Claim[Rehearsal]) -> None:
        raise ValueError("the secret detail")

    broken = run(work)
    assert (broken.status, broken.error_code) == (JobStatus.FAILED, "internal")
    assert str(broken.pk) in broken.error
    assert "secret" not in broken.error


@pytest.mark.django_db(transaction=True)
def test_work_that_the_database_fails_is_tried_again() -> None:
    def work(claim: Claim[Rehearsal]) -> None:
        raise OperationalError("database is locked")

    rehearsal = run(work)
    services.sweep()
    rehearsal.refresh_from_db()
    assert (rehearsal.status, rehearsal.attempt) == (JobStatus.QUEUED, 1)


@pytest.mark.django_db(transaction=True)
def test_work_that_is_cancelled_ends_cancelled() -> None:
    def work(claim: Claim[Rehearsal]) -> None:
        services.cancel(Rehearsal.objects.get(pk=claim.job.pk))
        claim.finish(answer="too late")

    cancelled = run(work)
    assert (cancelled.status, cancelled.answer) == (JobStatus.CANCELLED, "")


@pytest.mark.django_db(transaction=True)
def test_a_message_that_comes_twice_does_nothing_the_second_time() -> None:
    done = run(lambda claim: claim.finish(answer="once"))
    services.run_claimed(Rehearsal, done.pk, lambda claim: claim.finish(answer="twice"))
    done.refresh_from_db()
    assert (done.answer, done.attempt) == ("once", 1)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
def test_a_job_whose_work_must_not_go_on_fails_and_its_worker_loses_it(status: JobStatus) -> None:
    job = Rehearsal.objects.create()
    held = services.claim(Rehearsal, job.pk, "a worker") if status == JobStatus.RUNNING else None
    services.fail(job, code="forbidden", message="It must not go on.")
    job.refresh_from_db()
    assert (job.status, job.error_code, job.status_sentence) == (JobStatus.FAILED, "forbidden", "It must not go on.")
    if held:
        with pytest.raises(LeaseLost):
            held.finish(answer="all the same")


@pytest.mark.django_db
@pytest.mark.parametrize("status", [JobStatus.READY, JobStatus.CANCELLED])
def test_a_job_that_has_ended_is_not_failed(status: JobStatus) -> None:
    job = Rehearsal.objects.create(status=status)
    services.fail(job, code="forbidden", message="It must not go on.")
    job.refresh_from_db()
    assert (job.status, job.error_code) == (status, "")


@pytest.mark.django_db
def test_a_cancelled_or_failed_job_goes_on_with_as_many_attempts_as_at_first() -> None:
    for status in (JobStatus.CANCELLED, JobStatus.FAILED):
        job = Rehearsal.objects.create(status=status, attempt=3, cancel_requested=True, error="No.", error_code="no")
        assert services.requeue(job)
        assert (job.status, job.attempt, job.max_attempts) == (JobStatus.QUEUED, 3, 6)
        assert (job.cancel_requested, job.error, job.error_code, job.finished) == (False, "", "", None)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.READY])
def test_no_other_job_is_queued_once_more(status: JobStatus) -> None:
    job = Rehearsal.objects.create(status=status)
    assert not services.requeue(job)
    assert Rehearsal.objects.get().status == status
