"""Does the site stay alive while a run trains beside it? And how soon does a run stop, or go on after a kill?

    python -m benchmarks.serving_while_training [--quick]

Starts the site as `make run` does, asks about photos while nothing else goes on, then starts a run of prototypical
networks on strokes and asks again. Then the worker of the run is killed, and the run cancelled. Each row has its bar.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from benchmarks.running_site import Person, Site, photo, running_site
from benchmarks.serving import Row, machine, p50, p95

if TYPE_CHECKING:
    from webapp.training.models import TrainingRun

WAYS, SHOTS = 5, 5
PATIENCE_SECONDS = 300.0
SAVE_EVERY = 50


@contextmanager
def rows_of(site: Site) -> Iterator[None]:
    """Let the models of this process read and write the site's database."""
    os.environ.update(site.environment, DJANGO_SETTINGS_MODULE="webapp.settings", GLIMPSE_EMBEDDED="1")
    import django

    django.setup()
    yield
    from django.db import connection

    connection.close()


def start() -> TrainingRun:
    """Start a run that ends of itself only long after everything was measured."""
    from webapp.jobs.models import JobStatus
    from webapp.training import services
    from webapp.training.models import Dataset, DatasetVersion, Source

    dataset = Dataset.objects.create(name="strokes", source=Source.REGISTERED)
    ready = {"status": JobStatus.READY, "mlcore_name": "strokes"}
    version = DatasetVersion.objects.create(dataset=dataset, number=1, **ready)
    often = [("training.save_every", str(SAVE_EVERY)), ("training.max_minutes", "60"), ("training.steps", "1000000")]
    settings = services.settings_from_words(kind="characters", method="prototypical", words=often)
    return services.start_run(by=None, name="Beside", settings=settings, version=version)


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
    """Give how far it is."""
    run.refresh_from_db()
    return float(run.latest.get("step", 0))


def asked(person: Person, classifier: str, queries: int) -> list[float]:
    """Ask about photos, one after the other; return the seconds of each."""
    pictures = [photo(1600, 1200, seed) for seed in range(4)]
    found = [person.ask(classifier, pictures[number % 4]) for number in range(queries)]
    assert all(answer.status_code == 200 for _seconds, answer in found)
    return [seconds for seconds, _answer in found]


def serving_rows(person: Person, queries: int) -> tuple[list[Row], TrainingRun]:
    """Ask with and without a run beside."""
    classes = {f"thing {way}": [photo(800, 600, way * 100 + shot) for shot in range(SHOTS)] for way in range(WAYS)}
    _support_set, classifier, _seconds = person.teach(classes, "photos")
    asked(person, classifier, 3)
    idle = asked(person, classifier, queries)
    run = start()
    wait(run, lambda run: run.latest.get("step", 0) > 0)
    before = step(run)
    busy = asked(person, classifier, queries)
    trained = f"the run took {step(run) - before:.0f} steps meanwhile"
    return [
        Row("one photo, nothing beside, p50", p50(idle), "ms", None, f"p95 {p95(idle):.0f} ms"),
        Row("one photo while a run trains, p50", p50(busy), "ms", 3 * p50(idle), trained),
        Row("one photo while a run trains, p95", p95(busy), "ms", 2000),
    ], run


def kill_worker(site: Site) -> None:
    """Kill the worker of the training queue as a power cut would."""
    for process in site.processes():
        words = " ".join(process.cmdline())
        if "celery" in words and "--queues training" in words:
            os.kill(process.pid, signal.SIGKILL)


def resume_rows(site: Site, run: TrainingRun) -> list[Row]:
    """Kill the run's worker, and see when it goes on and what was lost."""
    wait(run, lambda run: run.state_step)
    reached = step(run)
    kill_worker(site)
    kept = run.state_step
    seconds = wait(run, lambda run: run.attempt > 1 and run.latest.get("step", 0) > kept and training(run))
    return [
        Row("its worker killed, until it trains again", seconds * 1000, "ms", None),
        Row("  steps that were lost", max(reached - kept, 0), "", SAVE_EVERY),
    ]


def training(run: TrainingRun) -> bool:
    """Say whether a process of this machine trains the run."""
    return any(str(run.pk) in " ".join(each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"]))


def cancel_row(run: TrainingRun) -> Row:
    """Cancel the run, and see when nothing trains any more."""
    from webapp.training import services

    services.cancel_run(by=None, run=run)
    seconds = wait(run, lambda run: run.status == "cancelled" and not training(run))
    return Row("cancelled, until nothing trains any more", seconds * 1000, "ms", 5000)


def main() -> None:
    """Measure everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="measure little, to see that everything runs")
    queries = 5 if parser.parse_args().quick else 60
    print(f"before: {machine()}", flush=True)
    with running_site() as site, rows_of(site):
        rows, run = serving_rows(site.person("asker"), queries)
        for row in [*rows, *resume_rows(site, run), cancel_row(run)]:
            print(row, flush=True)
    print(f"after:  {machine()}")


if __name__ == "__main__":
    main()
