"""Real workers and real training processes: whatever is killed, a run goes on, and never twice at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from pytest_django import DjangoDbBlocker, Settings

from mlcore.checkpoints.card import ModelCard
from tests.jobs.conftest import sender_to
from tests.running import Postgres, made, valkey, wait_until
from tests.stack import Stack
from tests.training import small_runs
from tests.training.cable import Cable
from tests.training.live_runs import LONG, follow, is_ready, training_processes
from webapp.checkpoints.stored_checkpoints import local_folder
from webapp.datasets.models import Contribution
from webapp.jobs import broker
from webapp.jobs.errors import JobFailed
from webapp.jobs.models import JobStatus
from webapp.training import contributions
from webapp.training.models import TrainingRun
from webapp.training.runs import services as runs
from webapp.training.runs import words
from webapp.training.runs.worker import training


@pytest.fixture(scope="module")
def prepared(server_folder: Path) -> Iterator[Stack]:
    """Prepare a site on SQLite and Valkey."""
    folder = made(server_folder / "runs")
    site = Stack(folder, valkey(folder))
    site.manage("migrate", "--skip-checks", "--verbosity=0")
    yield site
    site.kill()
    site.broker.stop()


@pytest.fixture(scope="module")
def installed(server_folder: Path, postgres_server: Postgres) -> Iterator[tuple[Stack, Cable, str]]:
    """Prepare a site on PostgreSQL, whose workers reach it through a cable; the last is the way without it."""
    folder = made(server_folder / "runs-installed")
    direct = postgres_server.create_database("runs")
    cable = Cable(postgres_server.port)
    site = Stack(folder, valkey(folder), database_url=direct.replace(f":{postgres_server.port}/", f":{cable.port}/"))
    site.manage("migrate", "--skip-checks", "--verbosity=0")
    yield site, cable, direct
    cable.plug_in()
    site.kill()
    site.broker.stop()
    cable.close()


@pytest.fixture
def site(
    prepared: Stack, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> Iterator[Stack]:
    """Return the site, whose database, broker and files are also those of the test's own process."""
    monkeypatch.setattr(broker, "current_app", sender_to(prepared.broker.url))
    settings.DATA_DIR, settings.MEDIA_ROOT = prepared.folder, prepared.folder / "media"
    prepared.broker.client.flushall()
    with prepared.orm(django_db_blocker):
        yield prepared
        TrainingRun.objects.all().delete()
    prepared.kill()


def weights(run: TrainingRun) -> bytes:
    assert run.checkpoint
    return Path(run.checkpoint.weights.path).read_bytes()


def test_a_run_leaves_a_checkpoint_that_is_not_live(site: Stack) -> None:
    site.start_worker("training")
    run = small_runs.start()
    follow(run, is_ready)
    assert run.checkpoint
    assert not run.checkpoint.live
    assert ModelCard.read(local_folder(checkpoint=run.checkpoint)).to_dict() == run.checkpoint.card
    assert [point["step"] for point in run.points if "accuracy" in point] == [4, 8, 12]
    assert {"train_loss", "accuracy", "ci95", "episodes_per_second", "memory_mb", "seconds_left"} <= set(run.latest)
    assert training_processes(run) == []
    assert not run.state_file
    assert not list((site.folder / "media" / "runs").glob(f"{run.pk}*"))


def test_killed_workers_and_killed_processes_end_in_the_weights_of_an_unbroken_run(site: Stack) -> None:
    settings = {"steps": 120, "validate_every": 40, "save_every": 10}
    site.start_clock()
    started = site.start_worker("training")
    unbroken = small_runs.start(**settings)
    follow(unbroken, is_ready)
    broken = small_runs.start(**settings)
    follow(broken, lambda run: run.state_step >= 10)
    started.kill()
    wait_until(lambda: not training_processes(broken), 10, what="the end of the process without its worker")
    site.start_worker("training")
    follow(broken, lambda run: run.attempt == 2 and (training_processes(run) or run.status == JobStatus.READY))
    for process in training_processes(broken):
        os.kill(process, signal.SIGKILL)
    follow(broken, is_ready)
    assert broken.attempt in (2, 3)
    assert weights(broken) == weights(unbroken)


def test_a_run_that_is_cancelled_stops_in_the_middle_and_keeps_its_state(site: Stack) -> None:
    site.start_worker("training")
    run = small_runs.start(steps=small_runs.ENDLESS, save_every=small_runs.ENDLESS)
    follow(run, lambda run: run.latest.get("step", 0) > 3)
    runs.cancel_run(by=None, run=run)
    follow(run, lambda run: run.status == JobStatus.CANCELLED)
    assert training_processes(run) == []
    assert run.state_step > 3
    assert default_storage.exists(run.state_file.name or "")


def test_a_paused_run_goes_on_where_it_was_even_from_the_state_before_a_damaged_one(site: Stack) -> None:
    site.start_worker("training")
    run = small_runs.start(steps=small_runs.ENDLESS, save_every=5)
    follow(run, lambda run: run.earlier_state_file)
    runs.pause_run(by=None, run=run)
    follow(run, lambda run: run.is_paused)
    assert "Paused at step" in run.status_sentence
    kept = run.state_step
    Path(run.state_file.path).write_bytes(b"damaged")
    runs.resume_run(by=None, run=run)
    follow(run, lambda run: run.state_step > kept)
    assert run.status == JobStatus.RUNNING
    runs.cancel_run(by=None, run=run)
    follow(run, lambda run: run.status == JobStatus.CANCELLED)


def test_a_run_whose_settings_are_no_longer_those_of_its_state_is_refused_in_words(site: Stack) -> None:
    site.start_worker("training")
    run = small_runs.start(steps=small_runs.ENDLESS, save_every=5)
    follow(run, lambda run: run.state_file)
    runs.pause_run(by=None, run=run)
    follow(run, lambda run: run.is_paused)
    run.config["training"]["seed"] += 1
    run.save(update_fields=["config"])
    runs.resume_run(by=None, run=run)
    follow(run, lambda run: run.status == JobStatus.FAILED)
    assert run.error.startswith("The training state is of another run: training.seed was ")


def test_a_loss_that_is_no_number_fails_the_run_in_words(site: Stack) -> None:
    site.start_worker("training")
    run = small_runs.start(outer_lr=1e30, optimizer="sgd", steps=50)
    follow(run, lambda run: run.status == JobStatus.FAILED)
    assert "try a smaller outer_lr" in run.error
    assert run.log.splitlines()[-1].startswith("mlcore: learning did not settle")
    assert len(run.log.splitlines()) <= 20


def test_a_worker_whose_parent_alone_was_killed_leaves_no_process(site: Stack) -> None:
    started = site.start_worker("training")
    run = small_runs.start(steps=small_runs.ENDLESS)
    follow(run, lambda run: run.latest.get("step", 0) > 3)
    os.kill(started.pid, signal.SIGKILL)
    wait_until(lambda: not training_processes(run), 10, what="the end of the process without its worker")
    runs.cancel_run(by=None, run=run)


def test_a_worker_whose_disk_runs_full_ends_the_run_in_words(
    site: Stack, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    run = small_runs.start(steps=small_runs.ENDLESS)
    monkeypatch.setattr(training, "DISK_SECONDS", 0.0)
    room = iter([None, None])

    def keep_room(needed: int = 1) -> None:
        if next(room, "full") == "full":
            raise JobFailed(code="storage_full", message="The disk is too full.")

    monkeypatch.setattr(training.disk, "keep_room", keep_room)
    training.train(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.error) == (JobStatus.FAILED, "The disk is too full.")
    assert training_processes(run) == []


def test_steps_are_timed_before_a_run(site: Stack) -> None:
    estimate = runs.start_estimate(
        by=None, settings=small_runs.small_settings(steps=1000), version=small_runs.small_version("timed")
    )
    training.estimate(str(estimate.pk))
    estimate.refresh_from_db()
    assert estimate.status == JobStatus.READY, estimate.error
    assert estimate.timings["seconds"] > 1000 * estimate.timings["seconds_per_step"] > 0
    assert "a step takes" in estimate.in_words


def test_an_estimate_of_what_cannot_be_says_why(site: Stack) -> None:
    settings = words.settings_from_words(kind="characters", method="prototypical", words=["episodes.n_way=90"])
    estimate = runs.start_estimate(by=None, settings=settings, version=small_runs.small_version("few"))
    training.estimate(str(estimate.pk))
    estimate.refresh_from_db()
    assert "n_way is 90" in estimate.error
    assert estimate.status == JobStatus.FAILED


def test_a_frozen_worker_ends_the_process_before_its_lease_is_over(site: Stack) -> None:
    started = site.start_worker("training")
    run = small_runs.start(steps=small_runs.ENDLESS)
    follow(run, lambda run: run.latest.get("step", 0) > 3)
    os.killpg(started.pid, signal.SIGSTOP)
    try:
        run.refresh_from_db()
        assert run.lease_expires
        left = run.lease_expires.timestamp() - time.time()
        wait_until(lambda: not training_processes(run), left, what="the end of the process")
    finally:
        os.killpg(started.pid, signal.SIGCONT)
    runs.cancel_run(by=None, run=run)
    follow(run, lambda run: run.status == JobStatus.CANCELLED)


def test_a_run_whose_pictures_are_withdrawn_ends_and_lets_go_of_them(site: Stack) -> None:
    site.start_worker("training")
    run = small_runs.start(small_runs.small_version("from people"), steps=small_runs.ENDLESS)
    follow(run, lambda run: run.latest.get("step", 0) > 3)
    assert training_processes(run)
    Contribution.objects.create(version=run.version, picture=uuid4(), path="train/sign0/0.png")
    contributions.withdraw(contributions=Contribution.objects.all())
    wait_until(lambda: not training_processes(run), 20, what="the end of the process")
    run.refresh_from_db()
    assert (run.status, run.error_code) == (JobStatus.FAILED, "pictures_withdrawn")
    assert run.status_sentence == "Pictures were withdrawn by their owners, so this was stopped."
    assert not run.can_go_on


def test_a_worker_cut_off_from_the_database_ends_its_process_before_another_claims_the_run(
    installed: tuple[Stack, Cable, str],
    django_db_blocker: DjangoDbBlocker,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    site, cable, direct = installed
    monkeypatch.setattr(broker, "current_app", sender_to(site.broker.url))
    settings.DATA_DIR, settings.MEDIA_ROOT = site.folder, site.folder / "media"
    site.start_worker("training", name="cut-off")
    site.database_url = direct
    monkeypatch.setitem(site.environment, "DATABASE_URL", direct)
    with site.orm(django_db_blocker):
        run = small_runs.start(steps=small_runs.ENDLESS, save_every=20)
        follow(run, lambda run: run.state_step)
        first = training_processes(run)
        assert first
        cable.pull()
        site.start_clock()
        site.start_worker("training", name="other")
        claimed_with_a_process_left = False
        end = time.monotonic() + LONG
        while run.attempt < 2:
            assert time.monotonic() < end
            left = set(first) & set(training_processes(run))
            run.refresh_from_db()
            claimed_with_a_process_left |= bool(left) and run.attempt > 1
            time.sleep(0.05)
        assert not claimed_with_a_process_left
        assert not set(first) & set(training_processes(run))
        follow(run, lambda run: run.latest.get("step", 0) > run.state_step)
        cable.plug_in()
        runs.cancel_run(by=None, run=run)
        follow(run, lambda run: run.status == JobStatus.CANCELLED)
        assert run.attempt == 2
