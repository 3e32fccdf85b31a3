"""Advance every sweep by one step: a chore that the clock calls."""

from __future__ import annotations

import logging

from webapp.core.errors import UserError
from webapp.core.rows.stored_json import require_sound
from webapp.jobs.models import JobStatus
from webapp.training.models import Sweep, TrainingRun
from webapp.training.sweeps import services as sweeps

logger = logging.getLogger(__name__)


def advance() -> None:
    """Prune what has no hope, start what comes next; a sweep that fails here holds no other one up."""
    for sweep in Sweep.objects.filter(ended=None).select_related("version", "start_from", "created_by"):
        try:
            advance_one(sweep)
        except UserError as error:
            sweeps.end_sweep(sweep=sweep, obstacle=error.message)
        except Exception:
            logger.exception("Sweep %s failed; it is tried again.", sweep.pk)


def advance_one(sweep: Sweep) -> None:
    """Advance a sweep by one step; one trial trains at a time, so that each learns from all before it."""
    from webapp.training.sweeps import trials  # optuna takes a second to load: only where there is a sweep

    runs = sweep.trials
    require_sound(sweep, *runs)
    waiting = [run for run in runs if run.is_active or run.is_paused]
    if waiting:
        _prune(sweep, runs, waiting)
        return
    Sweep.objects.filter(pk=sweep.pk).update(importance=trials.importance(sweep, runs))
    values = trials.next_values(sweep, runs) if len(runs) < sweep.budget else None
    if values is None:
        sweeps.end_sweep(sweep=sweep)
    else:
        sweeps.start_trial(sweep=sweep, trial=len(runs), values=values)


def _prune(sweep: Sweep, runs: list[TrainingRun], waiting: list[TrainingRun]) -> None:
    from webapp.training.sweeps import trials

    trains = [run for run in waiting if run.status == JobStatus.RUNNING and not run.cancel_requested]
    for run in trains:
        # One that a person let go on after it was pruned is left to that person.
        if not run.pruned and trials.is_hopeless(sweep, runs, run):
            sweeps.prune_trial(run=run)
