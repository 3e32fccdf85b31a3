"""What a worker does for runs: it starts the process, watches over it, and says in words how it ended."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import time
from pathlib import Path

from mlcore.training.run_folder import ENDED_WITH_PARENT
from webapp.checkpoints.stored_checkpoints import is_whole
from webapp.jobs.claims import Claim
from webapp.jobs.errors import Cancelled, JobFailed
from webapp.jobs.services import run_claimed
from webapp.processes.child import Child, bound, patience_seconds
from webapp.processes.endings import KILLED, kernel_kills, reason
from webapp.storage import disk
from webapp.training.models import RunEstimate, TrainingRun
from webapp.training.runs.command_line import MADE, train_command
from webapp.training.runs.settings import room_needed
from webapp.training.runs.worker import timing
from webapp.training.runs.worker.made_checkpoints import register
from webapp.training.runs.worker.relay import Relay
from webapp.training.states import fetch_states, forget_states, run_folders

logger = logging.getLogger(__name__)

ENDED_FROM_OUTSIDE = (KILLED, -signal.SIGTERM, ENDED_WITH_PARENT)  # the last also where mlcore obeys SIGTERM
ERRORS = "stderr.txt"
LINES_SHOWN, MOST_SHOWN = 20, 4000
"""Of what a failed attempt wrote: lines, and characters of these."""
LOOK_SECONDS = 0.2
DISK_SECONDS = 5.0


def train(job_id: str, attempt: int | None = None) -> None:
    """Train one run, or resume it."""
    run_claimed(TrainingRun, job_id, _train, attempt)


def estimate(job_id: str, attempt: int | None = None) -> None:
    run_claimed(RunEstimate, job_id, timing.time_steps, attempt)


def _train(claim: Claim[TrainingRun]) -> None:
    run = claim.job
    disk.keep_room(room_needed(run))
    folder = _new_folder(run)
    fetch_states(run, folder / "resume")
    relay, kills = Relay(claim, folder / "events.jsonl"), kernel_kills()
    child = Child(train_command(run, folder), errors=folder / ERRORS)
    with bound(child, claim, patience=patience_seconds()):
        try:
            _follow(claim, child, relay)
        except Cancelled:
            child.stop()
            relay.take(states_only=True)
            raise
        except JobFailed:
            claim.note(log=_last_lines(folder / ERRORS))
            raise
    _settle(claim, child, relay, folder, kills)


def _new_folder(run: TrainingRun) -> Path:
    """Make the folder of this very attempt, and delete those of earlier ones, whose states the storage holds."""
    runs = run_folders() / str(run.pk)
    shutil.rmtree(runs, ignore_errors=True)
    folder = runs / str(run.attempt)
    folder.mkdir(parents=True)
    return folder


def _follow(claim: Claim[TrainingRun], child: Child, relay: Relay) -> None:
    """Relay what the process tells until it ends; raise JobFailed when the disk runs full."""
    parent, looked = os.getppid(), time.monotonic()
    while child.returncode is None:
        claim.check()
        relay.take()
        if time.monotonic() - looked > DISK_SECONDS:
            looked = time.monotonic()
            disk.keep_room()
        if os.getppid() != parent:  # the worker's main process is gone, and nobody would restart this one
            child.stop()
        time.sleep(LOOK_SECONDS)
    relay.take()


def _settle(claim: Claim[TrainingRun], child: Child, relay: Relay, folder: Path, kills: int) -> None:
    """Register the checkpoint, raise JobFailed with why there is none, or leave it to another attempt.

    One is there once training reached its end, even where the process died of what comes after, as of calibration.
    """
    if is_whole(folder / MADE) and not (child.returncode and child.was_stopped):
        relay.write()
        if child.returncode:
            logger.warning("The process of run %s ended after training with %s.", claim.job.pk, child.returncode)
            claim.note(log=_last_lines(folder / ERRORS))
        register(claim, folder / MADE)
        forget_states(run=claim.job)
        shutil.rmtree(folder.parent, ignore_errors=True)
        return
    if child.was_stopped:
        logger.warning("Run %s was stopped before its lease ran out; another attempt goes on.", claim.job.pk)
        claim.release()
        return
    last = claim.job.attempt >= _max_attempts(claim.job)
    claim.note(log=_last_lines(folder / ERRORS))
    if words := reason(child.returncode or 0, folder / ERRORS, kills=kernel_kills() - kills, last=last):
        raise JobFailed(code="training_failed", message=words)
    if child.returncode in ENDED_FROM_OUTSIDE:
        logger.warning("The process of run %s was ended from outside; another attempt goes on.", claim.job.pk)
        claim.release()
        return
    lines = _last_lines(folder / ERRORS)
    raise RuntimeError(f"The process of run {claim.job.pk} ended with status {child.returncode}:\n{lines}")


def _last_lines(errors: Path) -> str:
    """Return the last lines that a process wrote, as many as a page can show."""
    lines = errors.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
    return "\n".join(lines)[-MOST_SHOWN:]


def _max_attempts(run: TrainingRun) -> int:
    return TrainingRun.objects.values_list("max_attempts", flat=True).get(pk=run.pk)
