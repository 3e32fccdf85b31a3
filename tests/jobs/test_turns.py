"""Owners take turns in a queue: nobody waits for more than one job of another, however many that one makes."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.jobs.app.models import Rehearsal
from tests.refusals import refused
from webapp.accounts.models import Owner
from webapp.jobs import services
from webapp.jobs.claims import Claim
from webapp.jobs.models import JobStatus

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timedelta(hours=1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of ids that were sent."""
    ids: list[str] = []
    monkeypatch.setattr(services, "send_id", lambda *, job_id, **_message: ids.append(job_id) or True)
    return ids


@pytest.fixture
def ada() -> Owner:
    return Owner.objects.create(guest_id="ada")


@pytest.fixture
def bob() -> Owner:
    return Owner.objects.create(guest_id="bob")


def queued(owner: Owner | None, **fields: object) -> Rehearsal:
    rehearsal = Rehearsal.objects.create(owner=owner, **fields)
    services.enqueue(rehearsal)
    return rehearsal


def ids(*rehearsals: Rehearsal) -> list[str]:
    return [str(rehearsal.pk) for rehearsal in rehearsals]


def work(rehearsal: Rehearsal) -> None:
    services.run_claimed(Rehearsal, rehearsal.pk, lambda claim: claim.finish())


def test_of_one_owner_one_job_is_sent_and_the_next_when_it_ends(sent: list[str], ada: Owner, bob: Owner) -> None:
    first, second, third = (queued(ada) for _ in range(3))
    other = queued(bob)
    assert sent == ids(first, other)
    work(first)
    assert sent == ids(first, other, second)
    services.cancel(second)
    assert sent == ids(first, other, second, third)


def test_a_job_that_fails_sends_the_next_as_well(sent: list[str], ada: Owner) -> None:
    first, second, third = (queued(ada) for _ in range(3))
    services.run_claimed(Rehearsal, first.pk, lambda claim: claim.fail("no", "No."))
    services.fail(second, code="no", message="No.")
    assert sent == ids(first, second, third)


def test_the_sweep_holds_back_and_sends_again_what_was_lost(sent: list[str], ada: Owner) -> None:
    first, second = queued(ada), queued(ada)
    Rehearsal.objects.filter(pk=first.pk).update(sent_at=timezone.now() - LONG_AGO)
    services.sweep()
    assert sent == ids(first, first)
    Rehearsal.objects.filter(pk=first.pk).delete()
    services.sweep()
    assert sent == ids(first, first, second)


def test_of_two_that_were_sent_and_lost_each_is_sent_again_in_its_turn(sent: list[str], ada: Owner) -> None:
    lost = {"sent_at": timezone.now() - LONG_AGO, "times_sent": 1}
    first, second = (Rehearsal.objects.create(owner=ada, **lost) for _ in range(2))
    services.sweep()
    assert sent == ids(first)
    work(first)
    services.sweep()
    assert sent == ids(first, second)


def test_a_job_whose_worker_is_gone_keeps_the_others_of_its_owner_back(sent: list[str], ada: Owner) -> None:
    first, second = queued(ada), queued(ada)
    services.claim(Rehearsal, first.pk, "ada:1")
    Rehearsal.objects.filter(pk=first.pk).update(lease_expires=timezone.now() - LONG_AGO)
    services.sweep()
    assert sent == ids(first, first)
    assert second.status_sentence == "Queued: 1 other comes before this."


def test_jobs_that_nobody_owns_are_all_sent(sent: list[str]) -> None:
    rehearsals = [queued(None) for _ in range(3)]
    assert sent == ids(*rehearsals)


@pytest.mark.usefixtures("sent")
def test_the_place_in_the_queue_is_by_turns(ada: Owner, bob: Owner) -> None:
    first, second, third = (queued(ada) for _ in range(3))
    other, another = queued(bob), queued(bob)
    assert first.status_sentence == "Queued: this starts in a moment."
    assert other.status_sentence == "Queued: 1 other comes before this."
    assert second.status_sentence == "Queued: 2 others come before this."
    assert another.status_sentence == "Queued: 3 others come before this."
    assert third.status_sentence == "Queued: 4 others come before this."
    services.claim(Rehearsal, first.pk, "ada:1")
    assert other.status_sentence == "Queued: this is next, after what is being worked on now."
    assert second.status_sentence == "Queued: 1 other comes before this."


def test_what_the_broker_does_not_take_is_told_apart_from_what_waits_for_its_turn(ada: Owner) -> None:
    first, second = queued(ada), queued(ada)  # nothing listens at the address of the broker
    assert first.status_sentence.startswith("Busy, queued")
    assert second.status_sentence == "Queued: 1 other comes before this."


def test_a_job_that_gives_way_comes_after_others_and_keeps_what_is_done(
    sent: list[str], ada: Owner, bob: Owner
) -> None:
    long = queued(ada)

    def give_way(claim: Claim[Rehearsal]) -> None:
        assert not services.others_wait(claim.job)
        queued(ada)
        assert not services.others_wait(claim.job), "another of the same owner is nobody else's"
        queued(bob)
        assert services.others_wait(claim.job)
        claim.give_way(answer="half")

    services.run_claimed(Rehearsal, long.pk, give_way)
    long.refresh_from_db()
    assert sent[0] == sent[-1] == str(long.pk)
    assert (long.status, long.answer, long.attempt, long.max_attempts) == (JobStatus.QUEUED, "half", 1, 4)
    assert long.status_sentence == "Queued: 1 other comes before this."


def test_a_newcomer_waits_for_one_slice_of_each_owner_however_often_messages_were_sent_again(
    monkeypatch: pytest.MonkeyPatch, ada: Owner, bob: Owner
) -> None:
    messages: deque[tuple[str, int]] = deque()
    monkeypatch.setattr(
        services, "send_id", lambda *, job_id, attempt, **_message: messages.append((job_id, attempt)) or True
    )
    worked: list[str] = []

    def work_a_slice(claim: Claim[Rehearsal]) -> None:
        """Take so long that what waits is sent again meanwhile."""
        worked.append(str(claim.job.pk))
        Rehearsal.objects.filter(status=JobStatus.QUEUED).update(sent_at=timezone.now() - LONG_AGO)
        services.sweep()
        claim.give_way()

    def serve(*, slices: int) -> None:
        end = len(worked) + slices
        while len(worked) < end:
            job_id, attempt = messages.popleft()
            services.run_claimed(Rehearsal, job_id, work_a_slice, attempt)

    first, second = queued(ada), queued(bob)
    serve(slices=20)
    assert worked == ids(first, second) * 10
    assert len(messages) <= 4
    newcomer = queued(Owner.objects.create(guest_id="eve"))
    serve(slices=3)
    assert worked[20:] == ids(first, second, newcomer)


def test_a_message_of_an_earlier_attempt_is_ignored_and_one_that_does_not_say_counts(ada: Owner) -> None:
    rehearsal = Rehearsal.objects.create(owner=ada, attempt=2)
    assert services.claim(Rehearsal, rehearsal.pk, "ada:1", 1) is None
    assert services.claim(Rehearsal, rehearsal.pk, "ada:1") is not None


@pytest.mark.usefixtures("sent")
def test_what_was_tried_meanwhile_is_not_sent_for_the_attempt_before(ada: Owner) -> None:
    rehearsal = Rehearsal.objects.create(owner=ada)
    Rehearsal.objects.filter(pk=rehearsal.pk).update(attempt=1)
    services.send(rehearsal)
    rehearsal.refresh_from_db()
    assert rehearsal.sent_at is None


def test_a_job_may_wait_for_its_time_and_says_why(sent: list[str], ada: Owner) -> None:
    waiting = queued(ada)
    until = timezone.now() + LONG_AGO
    work = lambda claim: claim.give_way(until=until, text="Goes on in an hour.")  # noqa: E731
    services.run_claimed(Rehearsal, waiting.pk, work)
    services.sweep()
    waiting.refresh_from_db()
    assert (sent, waiting.status_sentence) == (ids(waiting), "Goes on in an hour.")
    assert not waiting.is_due_to_send(until - timedelta(seconds=1))
    assert waiting.is_due_to_send(until + timedelta(seconds=1))


@pytest.mark.usefixtures("sent")
def test_jobs_that_run_take_places_too(ada: Owner, bob: Owner, settings: pytest.FixtureRequest) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "active_jobs": 2}  # type: ignore[attr-defined]
    first, _second = queued(ada), queued(ada)
    services.claim(Rehearsal, first.pk, "ada:1")
    with refused("too_many_jobs", match="2 of your jobs wait or run already"):
        services.require_place(ada, Rehearsal.queue)
    services.require_place(bob, Rehearsal.queue)
    services.require_place(ada, "interactive")
