"""A sweep starts trials, prunes hopeless ones, and ends with its budget; the points of its runs are made up here."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from tests.training import small_runs
from webapp.core.errors import UserError
from webapp.jobs.models import JobStatus
from webapp.training.models import Strategy, Sweep, TrainingRun
from webapp.training.runs import services as run_services
from webapp.training.sweeps import services as sweeps
from webapp.training.sweeps import trials
from webapp.training.sweeps.chore import advance
from webapp.training.sweeps.search_space import values_of

pytestmark = pytest.mark.django_db
RATES = {"training.outer_lr": {"low": 0.0001, "high": 0.1, "log": True}}
GRID: dict[str, Any] = {"episodes.n_way": {"choices": [3, 4, 5]}, "training.seed": {"choices": [1, 2]}}


def begun(space: Any = RATES, *, strategy: str = Strategy.RANDOM, budget: int = 6, **more: Any) -> Sweep:
    version = small_runs.DatasetVersion.objects.first() or small_runs.small_version()
    values = {"by": None, "name": "Rates", "settings": small_runs.small_settings(), "version": version, **more}
    return sweeps.start_sweep(space=space, strategy=strategy, budget=budget, **values)


def measured(*accuracies: float) -> list[dict[str, float]]:
    return [{"step": 4 * (number + 1), "loss": 1.0, "accuracy": value} for number, value in enumerate(accuracies)]


def finish(sweep: Sweep, *accuracies: float) -> None:
    """Write what a worker would of the trial that waits."""
    waiting = TrainingRun.objects.filter(sweep=sweep, status=JobStatus.QUEUED)
    assert waiting.update(status=JobStatus.READY, points=measured(*accuracies)) == 1


def tried(sweep: Sweep) -> list[dict[str, Any]]:
    """Run a sweep to its end, each trial better the nearer its rate is to 0.01; list what was tried."""
    while Sweep.objects.get(pk=sweep.pk).is_active:
        advance()
        run = TrainingRun.objects.filter(sweep=sweep, status=JobStatus.QUEUED).first()
        if run:
            finish(sweep, 0.5, 0.9 - abs(run.config["training"]["outer_lr"] - 0.01))
    return [values_of(run, sweep.space) for run in sweep.trials]


def test_a_grid_tries_each_combination_once_and_ends() -> None:
    trials = tried(begun(GRID, strategy=Strategy.GRID, budget=10))
    assert len(trials) == 6
    assert {(trial["episodes.n_way"], trial["training.seed"]) for trial in trials} == {
        (way, seed) for way in (3, 4, 5) for seed in (1, 2)
    }


@pytest.mark.parametrize("strategy", [Strategy.RANDOM, Strategy.TPE, Strategy.GRID])
@pytest.mark.parametrize(
    ("space", "n"),
    [
        ({"training.outer_lr": {"choices": [0.001, 0.01]}}, 2),
        (GRID, 6),
        ({"training.seed": {"low": 1, "high": 5, "log": False}}, 5),
    ],
)
def test_no_combination_is_tried_twice(space: Any, n: int, strategy: str) -> None:
    sweep = begun(space, strategy=strategy, budget=8)
    tries = tried(sweep)
    assert len(tries) == len({repr(values) for values in tries}) == n
    sweep.refresh_from_db()
    assert sweep.sentence == f"All {n} combinations were tried."


@pytest.mark.parametrize("strategy", [Strategy.RANDOM, Strategy.TPE])
def test_the_last_of_many_combinations_is_found_without_trying_to_draw_it(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[optuna.Study] = []
    ask = optuna.Study.ask
    monkeypatch.setattr(optuna.Study, "ask", lambda study, *args: asked.append(study) or ask(study, *args))
    space = {"training.seed": {"low": 1, "high": 200, "log": False}}
    sweep = Sweep(space=space, strategy=strategy, budget=200, seed=1)
    runs = [
        TrainingRun(status=JobStatus.READY, points=measured(0.5), config={"training": {"seed": seed}})
        for seed in range(1, 201)
        if seed != 77
    ]
    assert trials.next_values(sweep, runs) == {"training.seed": 77}
    assert len(asked) <= 1


@pytest.mark.parametrize("strategy", [Strategy.RANDOM, Strategy.TPE])
def test_the_same_seed_makes_the_same_choices(strategy: str) -> None:
    first, again, other = (tried(begun(strategy=strategy, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len({trial["training.outer_lr"] for trial in first}) == 6


def test_the_budget_ends_it_and_says_the_best_and_what_mattered() -> None:
    space = {**RATES, "training.seed": {"low": 1, "high": 9, "log": False}}
    sweep = begun(space, budget=8)
    tried(sweep)
    advance()
    sweep.refresh_from_db()
    assert (sweep.runs.count(), sweep.is_active, sweep.stopped) == (8, False, False)
    assert sweep.best is not None
    assert sweep.best.best["accuracy"] == max(run.best["accuracy"] for run in sweep.trials)
    assert set(sweep.importance) == set(space)
    assert "8 trials are over" in sweep.sentence


def test_a_hopeless_trial_is_pruned_and_a_hopeful_one_is_not() -> None:
    sweep = begun()
    for accuracy in (0.6, 0.7, 0.8):
        advance()
        finish(sweep, accuracy, accuracy + 0.1)
    advance()
    run = sweep.trials[-1]
    TrainingRun.objects.filter(pk=run.pk).update(status=JobStatus.RUNNING, points=measured(0.75))
    advance()
    run.refresh_from_db()
    assert (run.pruned, run.cancel_requested) == (False, False)
    TrainingRun.objects.filter(pk=run.pk).update(points=measured(0.3))
    advance()
    run.refresh_from_db()
    assert (run.pruned, run.cancel_requested) == (True, True)
    TrainingRun.objects.filter(pk=run.pk).update(cancel_requested=False)  # a person lets it go on all the same
    advance()
    run.refresh_from_db()
    assert not run.cancel_requested


def test_a_failed_trial_is_counted_and_the_next_one_starts() -> None:
    sweep = begun(budget=2)
    advance()
    TrainingRun.objects.update(status=JobStatus.FAILED)
    advance()
    assert [run.trial for run in sweep.trials] == [0, 1]


def test_one_trial_at_a_time() -> None:
    sweep = begun()
    advance()
    advance()
    assert sweep.runs.count() == 1


def test_a_paused_trial_is_waited_for() -> None:
    sweep = begun()
    advance()
    run_services.pause_run(by=None, run=sweep.trials[0])
    advance()
    assert sweep.runs.count() == 1


def test_stopping_cancels_what_runs_and_is_written_down() -> None:
    ada = User.objects.create_user("ada", is_staff=True)
    sweep = begun(by=ada)
    advance()
    sweeps.stop_sweep(by=ada, sweep=sweep)
    advance()
    assert [run.status for run in sweep.trials] == [JobStatus.CANCELLED]
    assert "Stopped after 1 of 6" in sweep.sentence
    assert acts_on("sweep") == [(ada, "Started."), (ada, "Trial 1 was started."), (ada, "Stopped.")]
    with pytest.raises(UserError, match="over already"):
        sweeps.stop_sweep(by=ada, sweep=sweep)


def acts_on(model: str) -> list[tuple[User, str]]:
    entries = LogEntry.objects.filter(content_type__model=model).order_by("pk")
    return [(entry.user, entry.get_change_message()) for entry in entries]


def test_each_trial_is_in_the_log_from_its_start_to_its_end() -> None:
    ada = User.objects.create_user("ada", is_staff=True)
    sweep = begun(by=ada, budget=4)
    for accuracy in (0.6, 0.7, 0.8):
        advance()
        finish(sweep, accuracy)
    advance()
    TrainingRun.objects.filter(sweep=sweep, trial=3).update(status=JobStatus.RUNNING, points=measured(0.1))
    advance()
    TrainingRun.objects.filter(sweep=sweep, trial=3).update(status=JobStatus.CANCELLED)
    advance()
    started = [f"Trial {number} was started." for number in (1, 2, 3, 4)]
    assert acts_on("sweep") == [(ada, act) for act in ("Started.", *started, "Trial 4 was pruned.", "Finished.")]
    of_runs = [act for _user, act in acts_on("trainingrun")]
    assert of_runs[:4] == [f"Started as trial {number} of the sweep Rates." for number in (1, 2, 3, 4)]
    assert of_runs[4:] == ["Pruned by its sweep: it did worse than the median of the finished trials."]


def test_a_sweep_whose_data_lost_pictures_says_so_and_holds_no_other_up() -> None:
    first = begun()
    first.version.incomplete = True
    first.version.save()
    other = begun(version=small_runs.small_version("others"))
    advance()
    first.refresh_from_db()
    assert first.stopped
    assert "withdrawn" in first.sentence
    assert other.runs.count() == 1


def test_a_fault_holds_no_other_sweep_up(monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = begun(), begun()
    real = trials.next_values

    def broken(sweep: Sweep, runs: list[TrainingRun]) -> Any:
        if sweep.pk == first.pk:
            raise RuntimeError("a fault")
        return real(sweep, runs)

    monkeypatch.setattr(trials, "next_values", broken)
    advance()
    assert (first.runs.count(), other.runs.count()) == (0, 1)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"space": {}}, "space", "at least one"),
        ({"space": {"training.speed": {"choices": [1]}}}, "training.speed", "training.speed is no setting"),
        ({"space": {"weather": {"choices": [1]}}}, "weather", "weather is no setting"),
        (
            {"space": {"training.outer_lr": {"low": 1.0, "high": 0.1, "log": False}}},
            "training.outer_lr",
            "below the high",
        ),
        ({"space": {"training.outer_lr": {"low": 0.0, "high": 0.1, "log": True}}}, "training.outer_lr", "above 0"),
        ({"space": {"episodes.n_way": {"choices": [1, 5]}}}, "episodes.n_way", "at least 2"),
        ({"space": {"episodes.n_way": {"choices": [5, 5]}}}, "episodes.n_way", "must differ"),
        (
            {"space": {"method_config.backbone.image_size": {"choices": [28, 56]}}},
            "method_config.backbone.image_size",
            "fixed by the kind",
        ),
        ({"strategy": "grid"}, "training.outer_lr", "Learning rate has a range of others"),
        ({"space": GRID, "strategy": "grid", "budget": 5}, "budget", "6 combinations, more than the 5 trials"),
        ({"budget": 0}, "budget", "1 to 1000"),
        ({"seed": -1}, "seed", "from 0 on"),
        ({"name": "x" * 51}, "name", "1 to 50"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_its_name(change: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as refused:
        begun(**change)
    assert refused.value.field == field
    assert not Sweep.objects.exists()
