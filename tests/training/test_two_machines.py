"""Machines that share nothing but a database, a queue and a bucket serve one queue: what one began, another ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from pytest_django import DjangoDbBlocker, Settings

from mlcore.checkpoints.checkpoint import load_checkpoint
from tests.bucket import KEYS, Bucket
from tests.jobs.conftest import sender_to
from tests.running import made, valkey, wait_until
from tests.stack import Stack
from tests.training import small_runs
from tests.training.live_runs import follow, is_ready, training_processes
from webapp.checkpoints.stored_checkpoints import local_folder
from webapp.jobs import broker
from webapp.storage import copies
from webapp.training.runs import services as runs


@pytest.fixture
def site(
    server_folder: Path,
    bucket: Bucket,
    django_db_blocker: DjangoDbBlocker,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> Iterator[Stack]:
    """Prepare a site over a bucket, whose database, broker and files are also those of the test's own process."""
    folder = made(server_folder / "machines")
    site = Stack(folder, valkey(folder), environment={"GLIMPSE_STORAGE_URL": bucket.url, **KEYS})
    site.manage("migrate", "--skip-checks", "--verbosity=0")
    monkeypatch.setattr(broker, "current_app", sender_to(site.broker.url))
    settings.DATA_DIR = made(folder / "here")
    with site.orm(django_db_blocker):
        yield site
    site.kill()
    site.broker.stop()


def start_worker(site: Stack, machine: str) -> Path:
    """Start a worker of runs on a machine of its own, and return that machine's data folder."""
    folder = site.folder / machine
    site.environment["GLIMPSE_DATA_DIR"] = str(folder)
    site.start_worker("training", name=machine)
    return folder


def names_in(folder: Path) -> set[str]:
    """Name what lies two levels deep in a machine's copies."""
    return {path.relative_to(folder / "cache").as_posix() for path in (folder / "cache").glob("*/*")}


def test_a_run_whose_machine_is_lost_is_ended_by_another(site: Stack, bucket: Bucket) -> None:
    start_worker(site, "first")
    site.start_clock()
    run = small_runs.start(steps=200, save_every=20)
    follow(run, lambda run: run.state_step >= 20)
    assert names_in(site.folder / "first") == {run.version.archive.name}
    site.processes["first"].kill()
    wait_until(lambda: not training_processes(run), 20, what="the end of the process")
    second = start_worker(site, "second")
    follow(run, is_ready)
    assert run.attempt >= 2
    assert names_in(second) == {run.version.archive.name}
    assert run.checkpoint
    # A state that the lost machine had just stored may be left; the chore that finds such files deletes it.
    left = {name for name in bucket.names if not name.startswith("runs/")}
    weights = run.checkpoint.weights.name
    assert left == {run.version.archive.name, weights, weights.replace("weights.safetensors", "card.json")}
    assert load_checkpoint(local_folder(checkpoint=run.checkpoint)).card
    assert local_folder(checkpoint=run.checkpoint).is_relative_to(copies.root())
    again = runs.start_run(
        by=None, name="Again", settings=small_runs.small_settings(), version=run.version, start_from=run.checkpoint
    )
    follow(again, is_ready)
    assert names_in(second) == {run.version.archive.name, str(PurePosixPath(run.checkpoint.weights.name).parent)}
