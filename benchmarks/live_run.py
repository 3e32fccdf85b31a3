"""A training run in a running site: started, waited for, looked at, its worker killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.running_site import Site

if TYPE_CHECKING:
    from webapp.training.models import TrainingRun

PATIENCE_SECONDS = 300.0


@contextmanager
def rows_of(site: Site) -> Iterator[None]:
    """Let the models of this process read and write the site's database."""
    os.environ.update(site.environment, DJANGO_SETTINGS_MODULE="webapp.config.settings", GLIMPSE_EMBEDDED="1")
    import django

    django.setup()
    yield
    from django.db import connection

    connection.close()


def start(save_every: int = 50) -> TrainingRun:
    """Start a run that ends of itself only long after everything was measured."""
    from webapp.datasets.models import Dataset, DatasetVersion, Source
    from webapp.jobs.models import JobStatus
    from webapp.training.runs import services as runs
    from webapp.training.runs.words import settings_from_words

    dataset = Dataset.objects.create(name="strokes", source=Source.REGISTERED)
    ready = {"status": JobStatus.READY, "mlcore_name": "strokes"}
    version = DatasetVersion.objects.create(dataset=dataset, number=1, **ready)
    often = [f"training.save_every={save_every}", "training.max_minutes=60", "training.steps=1000000"]
    settings = settings_from_words(kind="characters", method="prototypical", words=often)
    return runs.start_run(by=None, name="Beside", settings=settings, version=version)


def wait(run: TrainingRun, what: Callable[[TrainingRun], object]) -> float:
    """Wait until something is true of the run; return the seconds that it took."""
    since = time.perf_counter()
    while not what(run):
        if time.perf_counter() - since > PATIENCE_SECONDS or run.status == "failed":
            raise TimeoutError(f"{run.status}: {run.status_sentence}")
        time.sleep(0.05)
        run.refresh_from_db()
    return time.perf_counter() - since


def step(run: TrainingRun) -> float:
    """Return how far it is."""
    run.refresh_from_db()
    return float(run.latest.get("step", 0))


def kill_worker(site: Site) -> None:
    """Kill the worker of the training queue as a power cut would."""
    for process in site.processes():
        with suppress(psutil.NoSuchProcess):  # zombies too
            words = " ".join(process.cmdline())
            if "celery" in words and "--queues training" in words:
                os.kill(process.pid, signal.SIGKILL)


def training(run: TrainingRun) -> bool:
    """Return whether a process of this machine trains the run."""
    return any(str(run.pk) in " ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))


def folder(site: Site, run: TrainingRun) -> Path:
    """Find where the process of the run's current attempt works."""
    return site.data_folder / "runs" / str(run.pk) / str(run.attempt)


def events_of(site: Site, run: TrainingRun) -> list[dict[str, Any]]:
    """Read the events that the process of the run's current attempt has written until now."""
    file = folder(site, run) / "events.jsonl"
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def reached(site: Site, run: TrainingRun, moment: float) -> float:
    """Estimate at which step it was at a moment (Unix seconds): its last event, and its pace since."""
    last = next(event for event in reversed(events_of(site, run)) if event["event"] in ("step", "progress"))
    pace = last["episodes_per_second"] / run.training["episodes_per_step"]
    return float(last["step"] + pace * max(0.0, moment - last["time"]))
