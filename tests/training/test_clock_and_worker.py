"""The real clock, a real worker and a real broker bring schedules and sweeps on, whatever becomes of the broker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from pytest_django import DjangoDbBlocker, Settings

from tests.jobs.conftest import sender_to
from tests.running import made, valkey, wait_until
from tests.stack import Stack
from tests.training import small_runs
from tests.training.live_runs import LONG, follow, is_ready
from webapp.datasets.models import Dataset
from webapp.jobs import broker
from webapp.jobs.models import JobStatus
from webapp.training.models import Occasion, Schedule, Strategy, Sweep, TrainingRun
from webapp.training.recurrence import crontab_of
from webapp.training.runs import services as runs
from webapp.training.schedules import services as schedules
from webapp.training.sweeps import services as sweeps

SQLITE = pytest.mark.parametrize("running", ["sqlite"], indirect=True)
"""Where the database makes no difference."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def running(request: pytest.FixtureRequest, server_folder: object) -> Iterator[Stack]:
    """Run the clock and a worker of runs, on either database."""
    folder = made(request.getfixturevalue("server_folder") / f"clock-{request.param}")
    on_postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres_server").create_database("clock") if on_postgres else ""
    site = Stack(folder, valkey(folder), database_url=url)
    site.manage("migrate", "--skip-checks", "--verbosity=0")
    site.start_clock()
    site.start_worker("training")
    yield site
    site.stop()
    site.broker.stop()


@pytest.fixture
def site(
    running: Stack, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> Iterator[Stack]:
    """Return the site, whose database, broker and files are also those of the test's own process."""
    monkeypatch.setattr(broker, "current_app", sender_to(running.broker.url))
    settings.DATA_DIR, settings.MEDIA_ROOT = running.folder, running.folder / "media"
    with running.orm(django_db_blocker):
        yield running
        for model in (Schedule, Sweep, TrainingRun, Dataset):
            model.objects.all().delete()


def latest(schedule: Schedule, number: int) -> Occasion:
    """Make a schedule due, and wait for the clock to see it."""
    PeriodicTask.objects.filter(pk=schedule.timer_id).update(last_run_at=timezone.now() - timedelta(days=1))
    wait_until(lambda: schedule.occasions.count() == number, LONG, what=f"occasion {number}")
    occasion = schedule.latest
    assert occasion
    return occasion


def test_a_schedule_that_is_due_starts_a_run_and_does_not_where_the_data_is_the_same(site: Stack) -> None:
    first = small_runs.start()
    follow(first, is_ready)
    others = small_runs.small_version("others").dataset
    repeat = crontab_of(every="day", at=time(3, 0))
    schedule = schedules.add_schedule(by=None, name="Nightly", run=first, repeat=repeat, dataset=others)
    run = latest(schedule, 1).run
    assert run
    follow(run, is_ready)
    assert (run.version.dataset, run.cloned_from) == (others, first)
    again = latest(schedule, 2)
    assert again.run is None
    assert "has not changed since Nightly" in again.note


def test_a_sweep_comes_to_its_end_by_itself(site: Stack) -> None:
    sweep = sweeps.start_sweep(
        by=None,
        name="Rates",
        settings=small_runs.small_settings(),
        version=small_runs.small_version(),
        space={"training.outer_lr": {"choices": [0.1, 0.001]}, "training.seed": {"choices": [1, 2]}},
        strategy=Strategy.GRID,
        budget=4,
    )
    wait_until(lambda: not Sweep.objects.get(pk=sweep.pk).is_active, LONG, what="the end of the sweep")
    sweep.refresh_from_db()
    assert [run.status for run in sweep.trials] == [JobStatus.READY] * 4
    assert sweep.sentence == "All 4 trials are over."
    assert sweep.best in sweep.trials
    assert all(run.checkpoint and not run.checkpoint.live for run in sweep.trials)


@SQLITE
def test_a_run_goes_on_and_a_waiting_one_starts_whatever_becomes_of_the_broker(site: Stack) -> None:
    going = small_runs.start(steps=small_runs.ENDLESS, save_every=20)
    follow(going, lambda run: run.state_step)
    site.broker.stop()
    waiting = small_runs.start()
    step = going.latest["step"]
    follow(going, lambda run: run.latest["step"] > step)
    site.broker.start()
    step = going.latest["step"]
    follow(going, lambda run: run.latest["step"] > step)
    assert (going.status, going.attempt) == (JobStatus.RUNNING, 1)
    runs.cancel_run(by=None, run=going)
    follow(going, lambda run: run.status == JobStatus.CANCELLED)
    follow(waiting, is_ready)


@SQLITE
def test_a_run_whose_worker_and_broker_are_lost_together_comes_to_its_end(site: Stack) -> None:
    run = small_runs.start(steps=300, save_every=20)
    follow(run, lambda run: run.state_step >= 20)
    site.processes["worker"].kill()
    site.broker.stop()
    site.broker.start()
    site.start_worker("training")
    follow(run, is_ready)
    assert run.attempt >= 2
