"""Real workers lose nothing: whatever is killed or restarted, each job ends once and only once."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from tests.jobs.app.models import Rehearsal, RehearsalResult
from tests.running import Process, wait_until
from tests.stack import Stack
from webapp.accounts.models import Owner
from webapp.jobs import services
from webapp.jobs.models import JobStatus


def rehearse(**fields: object) -> Rehearsal:
    """Enqueue a rehearsal."""
    rehearsal = Rehearsal.objects.create(**fields)
    services.enqueue(rehearsal)
    return rehearsal


def wait_for(rehearsal: Rehearsal, status: JobStatus, seconds: float = 15.0) -> None:
    """Wait until the rehearsal has this status."""

    def arrived() -> bool:
        rehearsal.refresh_from_db()
        return rehearsal.status == status

    wait_until(arrived, seconds, what=f"the change of {rehearsal.pk} to {status}")


def wait_for_a_step(rehearsal: Rehearsal) -> None:
    """Wait until a worker is in the middle of the rehearsal."""
    wait_until(lambda: rehearsal.steps_begun.count() >= 2, 15, what="the second step")


def assert_done_once(rehearsal: Rehearsal, *, attempt: int = 1) -> None:
    """Check that this very attempt left the one and only result."""
    assert rehearsal.answer == f"after {rehearsal.steps} steps"
    assert [result.attempt for result in rehearsal.results.all()] == [attempt]
    assert (rehearsal.attempt, rehearsal.progress, rehearsal.error) == (attempt, 1.0, "")


def kill_pool_child(worker: Process) -> None:
    """Kill the process that does a worker's work, and leave its parent alone."""
    (child,) = worker.children()
    os.kill(child, signal.SIGKILL)


def kill_holder(workers: list[Process], rehearsal: Rehearsal) -> None:
    """Kill the whole worker that holds the rehearsal."""
    rehearsal.refresh_from_db()
    holder = int(rehearsal.lease_owner.rpartition(":")[2])
    (worker,) = (worker for worker in workers if holder in worker.children())
    worker.kill()


def test_a_killed_pool_child_loses_nothing(site: Stack) -> None:
    site.start_clock()
    worker = site.start_worker("rehearsals")
    rehearsal = rehearse(steps=10)
    wait_for_a_step(rehearsal)
    kill_pool_child(worker)
    wait_for(rehearsal, JobStatus.READY, seconds=15)
    assert_done_once(rehearsal, attempt=2)
    assert worker.is_running()


def test_a_killed_worker_loses_nothing_to_its_neighbour(site: Stack) -> None:
    site.start_clock()
    workers = [site.start_worker("rehearsals", name="first"), site.start_worker("rehearsals", name="second")]
    rehearsal = rehearse(steps=10)
    wait_for_a_step(rehearsal)
    kill_holder(workers, rehearsal)
    wait_for(rehearsal, JobStatus.READY, seconds=15)
    assert_done_once(rehearsal, attempt=2)


def test_a_killed_worker_that_is_started_again_loses_nothing(site: Stack) -> None:
    site.start_clock()
    worker = site.start_worker("rehearsals")
    rehearsal = rehearse(steps=10)
    wait_for_a_step(rehearsal)
    worker.kill()
    site.start_worker("rehearsals")
    wait_for(rehearsal, JobStatus.READY, seconds=15)
    assert_done_once(rehearsal, attempt=2)


def test_an_id_delivered_twenty_times_to_two_workers_runs_once(site: Stack) -> None:
    rehearsal = Rehearsal.objects.create(steps=5)
    for _delivery in range(20):
        assert services.send(rehearsal)
    site.start_worker("rehearsals", name="first")
    site.start_worker("rehearsals", name="second")
    wait_for(rehearsal, JobStatus.READY)
    wait_until(lambda: site.broker.client.llen("rehearsals") == 0, what="the emptying of the queue")
    last = rehearse(steps=1)
    wait_for(last, JobStatus.READY)
    assert_done_once(rehearsal)
    assert rehearsal.steps_begun.count() == 5


def test_a_restart_of_the_broker_loses_nothing(site: Stack) -> None:
    site.start_clock()
    worker = site.start_worker("rehearsals")
    running, waiting = rehearse(steps=15), rehearse(steps=2)
    wait_for_a_step(running)
    site.broker.stop()
    accepted = rehearse(steps=2)
    assert accepted.status_sentence == "Busy, queued: this starts by itself as soon as it can."
    site.broker.start()
    for rehearsal in (running, waiting, accepted):
        wait_for(rehearsal, JobStatus.READY, seconds=30)
        assert_done_once(rehearsal)
    assert worker.is_running()


def test_a_broker_that_hangs_holds_nobody_up(site: Stack) -> None:
    services.send(Rehearsal.objects.create())
    os.kill(site.broker.process.pid, signal.SIGSTOP)
    try:
        rehearsal = rehearse()
    finally:
        os.kill(site.broker.process.pid, signal.SIGCONT)
    assert rehearsal.sent_at is None


def test_a_running_job_that_is_cancelled_stops_soon_and_never_becomes_ready(site: Stack) -> None:
    site.start_worker("rehearsals")
    rehearsal = rehearse(steps=100)
    wait_for_a_step(rehearsal)
    services.cancel(rehearsal)
    assert rehearsal.status_sentence == "Stopping."
    wait_for(rehearsal, JobStatus.CANCELLED, seconds=5)
    begun = rehearsal.steps_begun.count()
    last = rehearse(steps=1)
    wait_for(last, JobStatus.READY, seconds=5)
    rehearsal.refresh_from_db()
    assert rehearsal.status == JobStatus.CANCELLED
    assert rehearsal.steps_begun.count() == begun
    assert not rehearsal.results.exists()


@pytest.mark.usefixtures("hasty")
def test_a_job_that_kills_its_worker_every_time_fails_in_words(site: Stack) -> None:
    site.start_clock()
    site.start_worker("rehearsals")
    deadly = rehearse(kills_its_worker=True)
    wait_for(deadly, JobStatus.FAILED, seconds=30)
    assert (deadly.attempt, deadly.error_code) == (deadly.max_attempts, "worker_lost")
    assert "not tried again" in deadly.status_sentence
    harmless = rehearse()
    wait_for(harmless, JobStatus.READY)


@pytest.mark.usefixtures("site")
def test_of_many_claims_at_the_same_moment_one_wins() -> None:
    rehearsals = [Rehearsal.objects.create() for _rehearsal in range(10)]
    together = threading.Barrier(8)

    def claim_all(worker: int) -> list[UUID]:
        together.wait(10)
        claims = [services.claim(Rehearsal, rehearsal.pk, f"worker:{worker}") for rehearsal in rehearsals]
        connection.close()
        return [claim.job.pk for claim in claims if claim]

    with ThreadPoolExecutor(together.parties) as threads:
        won = [key for keys in threads.map(claim_all, range(together.parties)) for key in keys]
    assert sorted(won) == sorted(rehearsal.pk for rehearsal in rehearsals)


def test_nobody_waits_for_more_than_one_job_of_another(site: Stack) -> None:
    many, one = (Owner.objects.create(guest_id=name) for name in ("many", "one"))
    first, second, third = (rehearse(owner=many, steps=3) for _rehearsal in range(3))
    other = rehearse(owner=one)
    site.start_worker("rehearsals")
    for rehearsal in (first, second, third, other):
        wait_for(rehearsal, JobStatus.READY)
        assert_done_once(rehearsal)
    results = RehearsalResult.objects.filter(rehearsal__in=[first, second, third, other]).order_by("pk")
    assert [result.rehearsal_id for result in results] == [first.pk, other.pk, second.pk, third.pk]


def test_the_parent_of_the_pool_never_loads_torch(site: Stack) -> None:
    worker = site.start_worker("interactive,imports,training,staff")
    loaded = Path(f"/proc/{worker.pid}/maps").read_text()
    assert "libtorch" not in loaded
    assert "onnxruntime" not in loaded
