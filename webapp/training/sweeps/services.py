"""Start sweeps over settings, start and prune their trials, stop them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mlcore.data.names import clean
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.shown_settings import label_of
from webapp.core.errors import UserError
from webapp.core.staff.history import Named, note
from webapp.datasets.models import DatasetVersion
from webapp.training.models import Strategy, Sweep, TrainingRun
from webapp.training.models.sweeps import best_of
from webapp.training.runs.services import cancel_run, require_fitting, start_run
from webapp.training.runs.settings import AnyRunConfig, changed, row_fields
from webapp.training.sweeps.search_space import Space, count, listed, require_space, values_of

MOST_TRIALS = 1000
LONGEST_NAME = 50


@transaction.atomic
def start_sweep(
    *,
    by: User | None,
    name: str,
    settings: AnyRunConfig,
    version: DatasetVersion,
    space: Space,
    strategy: str,
    budget: int,
    seed: int = 0,
    start_from: Checkpoint | None = None,
) -> Sweep:
    """Start a sweep, whose first trial the clock starts; raise UserError for a bad space, budget or data."""
    require_fitting(settings, version, start_from)
    sweep = Sweep(name=clean(name), version=version, start_from=start_from, created_by=by, **row_fields(settings))
    sweep.space, sweep.strategy, sweep.budget, sweep.seed = dict(space), Strategy(strategy), budget, seed
    _require_plain(sweep)
    require_space(space, sweep)
    _require_budget(sweep)
    sweep.save()
    note(by=by, row=sweep, act=_("Started."))
    return sweep


def _require_plain(sweep: Sweep) -> None:
    if not 1 <= len(sweep.name) <= LONGEST_NAME:
        message = _("A sweep's name has 1 to %(most)d characters.") % {"most": LONGEST_NAME}
        raise UserError("bad_name", message, field="name")
    if not 0 <= sweep.seed < 2**31:
        message = _("The seed is a whole number from 0 on, below 2 147 483 648.")
        raise UserError("bad_seed", message, field="seed")


def _require_budget(sweep: Sweep) -> None:
    if not 1 <= sweep.budget <= MOST_TRIALS:
        message = _("A sweep has 1 to %(most)d trials.") % {"most": MOST_TRIALS}
        raise UserError("bad_budget", message, field="budget")
    if sweep.strategy != Strategy.GRID:
        return
    number = count(sweep.space)
    if number is None:
        message = _("A grid needs choices or whole numbers; %(name)s has a range of others.")
        name = next(name for name, part in sweep.space.items() if listed(part) is None)
        raise UserError("bad_space", message % {"name": label_of(sweep.method, name)}, field=name)
    if number > sweep.budget:
        message = _(
            "This grid has %(number)d combinations, more than the %(budget)d trials; allow more, or search less."
        )
        values = {"number": number, "budget": sweep.budget}
        raise UserError("grid_too_large", message % values, field="budget")


def start_trial(*, sweep: Sweep, trial: int, values: Mapping[str, Any]) -> TrainingRun | None:
    """Start the next trial; nothing if the sweep was stopped meanwhile. Raises UserError as `start_run` does."""
    with transaction.atomic():
        if not Sweep.objects.select_for_update().filter(pk=sweep.pk, ended=None).exists():
            return None
        trial_of: Named = {"number": trial + 1, "sweep": sweep}
        run = start_run(
            by=sweep.created_by,
            name=f"{sweep.name} · {trial + 1}",
            settings=changed(sweep, values),
            version=sweep.version,
            start_from=sweep.start_from,
            act=_("Started as trial %(number)d of the sweep %(sweep)s."),
            named=trial_of,
        )
        note(by=sweep.created_by, row=sweep, act=_("Trial %(number)d was started."), named=trial_of)
        TrainingRun.objects.filter(pk=run.pk).update(sweep=sweep, trial=trial)
    return run


@transaction.atomic
def prune_trial(*, run: TrainingRun) -> None:
    """Cancel a trial that has no hope left."""
    TrainingRun.objects.filter(pk=run.pk).update(pruned=True)
    run.pruned = True
    why = _("Pruned by its sweep: it did worse than the median of the finished trials.")
    cancel_run(by=run.created_by, run=run, act=why)
    if run.sweep and run.trial is not None:
        note(by=run.created_by, row=run.sweep, act=_("Trial %(number)d was pruned.") % {"number": run.trial + 1})


def end_sweep(*, sweep: Sweep, obstacle: str = "") -> None:
    """Write down that a sweep is over, or why it cannot go on."""
    ended = {"ended": timezone.now(), "stopped": bool(obstacle), "obstacle": obstacle}
    if Sweep.objects.filter(pk=sweep.pk, ended=None).update(**ended):
        act = "%(obstacle)s" if obstacle else _("Finished.")
        note(by=sweep.created_by, row=sweep, act=act, named={"obstacle": obstacle})


@transaction.atomic
def stop_sweep(*, by: User | None, sweep: Sweep) -> None:
    """Start no further trial, and cancel the one that runs."""
    if not Sweep.objects.filter(pk=sweep.pk, ended=None).update(ended=timezone.now(), stopped=True):
        raise UserError("not_active", _("This sweep is over already."))
    sweep.refresh_from_db()
    for run in sweep.trials:
        if run.is_active or run.is_paused:
            cancel_run(by=by, run=run)
    note(by=by, row=sweep, act=_("Stopped."))


def plain_sweep(*, sweep: Sweep) -> dict[str, Any]:
    """Return how a sweep stands as plain values."""
    runs = sweep.trials
    trials = [
        {
            "run": str(run.pk),
            "values": values_of(run, sweep.space),
            "status": run.status,
            "pruned": run.pruned,
            "best": run.best,
        }
        for run in runs
    ]
    leader = best_of(runs)
    best = str(leader.pk) if leader else None
    stands = {"active": sweep.is_active, "sentence": sweep.sentence, "obstacle": sweep.obstacle or None}
    stands |= {"importance": sweep.importance}
    return {"sweep": str(sweep.pk), "name": sweep.name, **stands, "best": best, "trials": trials}
