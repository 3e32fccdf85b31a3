"""How soon does a run stop when it is cancelled, and how much is lost when its worker is killed?

    python -m benchmarks.stopping_runs

Starts the site as `make run` does, and a run of prototypical networks on strokes that often keeps a state.
Round by round, at random moments, the worker is killed as a power cut would, and the run is cancelled and resumed.
The step of a kill is estimated from what the process told last and its pace. Each row is the worst of all rounds.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.live_run import events_of, folder, kill_worker, reached, rows_of, start, training, wait
from benchmarks.running_site import Site, running_site
from benchmarks.serving import Row, machine, p50

if TYPE_CHECKING:
    from webapp.training.models import TrainingRun


def killed(site: Site, run: TrainingRun) -> tuple[float, float]:
    """Kill the worker; return the seconds until the run trains again, and the steps that it does anew."""
    attempt = run.attempt
    kill_worker(site)
    lost_at = reached(site, run, time.time())
    seconds = wait(run, lambda run: run.attempt > attempt and _resumed_at(site, run) is not None)
    return seconds, lost_at - (_resumed_at(site, run) or 0.0)


def _resumed_at(site: Site, run: TrainingRun) -> float | None:
    """Return the step from which the current attempt goes on, once it trains."""
    events = events_of(site, run)
    went_on = next((event["step"] for event in events if event["event"] == "resumed"), None)
    return went_on if any(event["event"] in ("step", "progress") for event in events) else None


def cancelled(site: Site, run: TrainingRun) -> tuple[float, float]:
    """Cancel the run; return the seconds until nothing trains, and the steps by which its kept state is behind."""
    from webapp.training.runs import services as runs

    moment = time.time()
    runs.cancel_run(by=None, run=run)
    seconds = wait(run, lambda run: run.status == "cancelled" and not training(run))
    stop = re.search(r"stopped at step (\d+)", (folder(site, run) / "stderr.txt").read_text())
    stopped_at = float(stop[1]) if stop else reached(site, run, moment)  # it says nothing where it had to be killed
    return seconds, stopped_at - run.state_step


def rounds(
    site: Site, number: int, *, save_every: int, longest: float
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Kill and cancel at random moments; return the seconds and lost steps of each."""
    from webapp.training.runs import services as runs

    chance, run = random.Random(0), start(save_every)
    kills, cancels = [], []
    for _round in range(number):
        for act, outcomes in ((killed, kills), (cancelled, cancels)):
            wait(run, lambda run: run.state_step and _is_going(site, run))
            time.sleep(chance.uniform(0.0, longest))
            run.refresh_from_db()
            outcomes.append(act(site, run))
        runs.resume_run(by=None, run=run)
    return kills, cancels


def _is_going(site: Site, run: TrainingRun) -> bool:
    steps = (event["event"] in ("step", "progress") for event in events_of(site, run))
    return run.status == "running" and any(steps)


def table(kills: list[tuple[float, float]], cancels: list[tuple[float, float]], *, save_every: int) -> list[Row]:
    """Sum the rounds up."""
    again, lost = zip(*kills, strict=True)
    stopped, behind = zip(*cancels, strict=True)
    return [
        Row("worker killed, until the run trains again", max(again) * 1000, "ms", None, f"p50 {p50(again):.0f} ms"),
        Row("  steps lost", max(lost), "", save_every, f"p50 {statistics.median(lost):.0f}"),
        Row("cancelled, until nothing trains", max(stopped) * 1000, "ms", 5000, f"p50 {p50(stopped):.0f} ms"),
        Row("  steps by which its kept state is behind", max(behind), "", 0),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="how often each is done (%(default)s)")
    parser.add_argument("--save-every", type=int, default=50, help="steps between kept states (%(default)s)")
    parser.add_argument("--longest", type=float, default=10.0, help="seconds until one is done, at most (%(default)s)")
    options = parser.parse_args(arguments)
    print(f"before: {machine()}", flush=True)
    with running_site() as site, rows_of(site):
        kills, cancels = rounds(site, options.rounds, save_every=options.save_every, longest=options.longest)
        for row in table(kills, cancels, save_every=options.save_every):
            print(row, flush=True)
    print(f"after:  {machine()}")


if __name__ == "__main__":
    main()
