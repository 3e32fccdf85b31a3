"""What optuna is asked: which trial comes next, whether one is hopeless, which setting matters.

Its study lives in memory and is made anew of the runs each time, so that these stay the one truth.
"""

from __future__ import annotations

import itertools
import math
from random import Random
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.pruners import MedianPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from webapp.jobs.models import JobStatus
from webapp.training.models import Strategy, Sweep, TrainingRun
from webapp.training.sweeps.search_space import combinations, count, values_of

optuna.logging.set_verbosity(optuna.logging.WARNING)
LEAST_FINISHED = 3
"""Before so many trials are over, none is called hopeless, and none is chosen by what did well."""


def next_values(sweep: Sweep, runs: list[TrainingRun]) -> dict[str, Any] | None:
    """Choose the settings of the next trial; nothing where every combination was tried.

    None is tried twice: it would train the same again. The same rows give the same choice.
    """
    if sweep.strategy == Strategy.GRID:
        return dict(enumerate(combinations(sweep.space))).get(len(runs))
    number, tried = count(sweep.space), [values_of(run, sweep.space) for run in runs]
    few = number is not None and number <= 2 * len(tried)
    left = [values for values in combinations(sweep.space) if values not in tried] if few else []
    if few and not left:
        return None
    seed = (sweep.seed * 10_007 + len(runs)) % 2**32
    if sweep.strategy == Strategy.TPE:
        tpe = TPESampler(seed=seed, n_startup_trials=LEAST_FINISHED)
        values = _study(sweep, runs, tpe).ask(_distributions(sweep)).params
        if values not in tried:
            return values
    if left:
        return Random(seed).choice(left)
    blind = _study(sweep, [], RandomSampler(seed))
    draws = (blind.ask(_distributions(sweep)).params for _ in itertools.count())
    return next(values for values in draws if values not in tried)


def is_hopeless(sweep: Sweep, runs: list[TrainingRun], run: TrainingRun) -> bool:
    """Return whether a run that trains does worse than the median of the finished ones did at the same step."""
    others = [other for other in runs if other.pk != run.pk]
    pruner = MedianPruner(n_startup_trials=LEAST_FINISHED, n_warmup_steps=0)
    return pruner.prune(_study(sweep, others), _trial(sweep, run))


def importance(sweep: Sweep, runs: list[TrainingRun]) -> dict[str, float]:
    """Return each setting's share of what made the difference; nothing where too little is known."""
    study = _study(sweep, runs)
    values = {trial.value for trial in study.get_trials(states=(TrialState.COMPLETE,))}
    if len(values) < 2:
        return {}
    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return {name: float(share) for name, share in shares.items() if math.isfinite(share)}


def _study(sweep: Sweep, runs: list[TrainingRun], sampler: BaseSampler | None = None) -> optuna.Study:
    study = optuna.create_study(direction="maximize", sampler=sampler or RandomSampler(0))
    study.add_trials([_trial(sweep, run) for run in runs])
    return study


def _trial(sweep: Sweep, run: TrainingRun) -> FrozenTrial:
    measured = {int(point["step"]): float(point["accuracy"]) for point in run.points if "accuracy" in point}
    state = _state(run, measured)
    best = max(measured.values(), default=None)
    return create_trial(
        state=state,
        value=best if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
        params=values_of(run, sweep.space),
        distributions=_distributions(sweep),
        intermediate_values=measured,
    )


def _state(run: TrainingRun, measured: dict[int, float]) -> TrialState:
    if run.is_active or run.is_paused:
        return TrialState.RUNNING
    if measured and run.status == JobStatus.READY:
        return TrialState.COMPLETE
    return TrialState.PRUNED if measured and run.pruned else TrialState.FAIL


def _distributions(sweep: Sweep) -> dict[str, BaseDistribution]:
    return {name: _distribution(part) for name, part in sweep.space.items()}


def _distribution(part: dict[str, Any]) -> BaseDistribution:
    if "choices" in part:
        return CategoricalDistribution(part["choices"])
    kind = IntDistribution if isinstance(part["low"], int) and isinstance(part["high"], int) else FloatDistribution
    return kind(part["low"], part["high"], log=part["log"])
