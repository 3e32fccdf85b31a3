"""Staff search for good settings in the browser, by mouse and by keyboard; runs and sweeps are good to look at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from tests.journeys.looks import flaws
from tests.journeys.staff import sign_in, staff_name
from tests.journeys.test_keyboard import tab_to
from tests.journeys.visitor import Visitor
from tests.stack import Stack
from tests.training import small_runs
from webapp.datasets.models import Dataset
from webapp.jobs.models import JobStatus
from webapp.training.models import Sweep, TrainingRun
from webapp.training.sweeps import services as sweeps

pytestmark = pytest.mark.requires_chromium
SPACE = {
    "training.outer_lr": {"low": 0.0001, "high": 0.1, "log": True},
    "episodes.n_way": {"choices": [5, 10, 20]},
}


@pytest.fixture
def run(stack: Stack, stack_orm: None, settings: Settings) -> Iterator[TrainingRun]:
    """Have a finished run with curves."""
    settings.MEDIA_ROOT = stack.folder / "media"
    run = small_runs.start(small_runs.small_version("swept signs"))
    TrainingRun.objects.filter(pk=run.pk).update(status=JobStatus.READY, **learned(0.9))
    yield run
    Sweep.objects.all().delete()
    TrainingRun.objects.all().delete()
    Dataset.objects.all().delete()


def learned(best: float) -> dict[str, Any]:
    """Make up what a run relayed."""
    rows = [(step, 2.5 * math.exp(-step / 300), best - 0.5 * math.exp(-step / 200)) for step in range(40, 1001, 40)]
    points = [{"step": step, "loss": loss, "accuracy": value, "ci95": 0.012} for step, loss, value in rows]
    more = {"train_loss": 0.1, "episodes_per_second": 93.4, "memory_mb": 612, "seconds": 754.0, "seconds_left": 120}
    return {"points": points, "latest": {**points[-1], **more}, "started": timezone.now(), "progress": 0.8}


@pytest.fixture
def swept(run: TrainingRun) -> Sweep:
    """Have a sweep that is over: its trials are made up, one of them pruned."""
    with transaction.atomic():  # the clock is to see it only when it is over
        given = {"by": None, "name": "Rates", "settings": small_runs.small_settings(), "version": run.version}
        sweep = sweeps.start_sweep(**given, space=SPACE, strategy="tpe", budget=8)
        for trial in range(8):
            values = {"training.outer_lr": 10 ** (-4 + 3 * trial / 7), "episodes.n_way": [5, 10, 20][trial % 3]}
            started = sweeps.start_trial(sweep=sweep, trial=trial, values=values)
            assert started
            status = {"status": JobStatus.CANCELLED, "pruned": True} if trial == 7 else {"status": JobStatus.READY}
            TrainingRun.objects.filter(pk=started.pk).update(**status, **learned(0.95 - 0.03 * abs(trial - 4)))
        weights = {"training.outer_lr": 0.81, "episodes.n_way": 0.19}
        Sweep.objects.filter(pk=sweep.pk).update(ended=timezone.now(), importance=weights)
    return sweep


@pytest.fixture
def office(visitor: Visitor, stack: Stack) -> Page:
    sign_in(visitor.page, staff_name(stack))
    return visitor.page


def test_the_calculator_says_how_many_trials_and_the_form_begins_a_sweep(
    visitor: Visitor, office: Page, run: TrainingRun
) -> None:
    office.goto("/admin/training/sweep/add/")
    expect(office.locator("#draws")).to_contain_text("Random search needs 230 trials.")
    office.get_by_label("One of the best").fill("100")
    expect(office.locator("#draws")).to_contain_text("Random search needs 22 trials.")
    office.get_by_label("Name", exact=True).fill("Rates and ways")
    office.get_by_label("As the run").select_option(str(run.pk))
    office.get_by_label("What is searched").fill("training.outer_lr = 0.001, 0.01\nepisodes.n_way = 1, 5, 10")
    expect(office.get_by_label("Combinations")).to_have_value("6")
    expect(office.locator("#draws")).to_contain_text("from 6 combinations")
    visitor.button("Start the sweep").click()
    expect(office.get_by_text("Ways is 1; it must be at least 2")).to_be_visible()
    expect(office.get_by_label("Combinations")).to_have_value("6")
    assert flaws(office, "sweep-add") == []
    office.get_by_label("What is searched").fill("training.outer_lr = 0.001, 0.01\nepisodes.n_way = 4, 5")
    visitor.button("Start the sweep").click()
    expect(office.locator("#trials")).to_contain_text("queued")  # by the clock
    assert flaws(office, "sweep-begun") == []
    visitor.button("Stop the sweep").click()
    expect(office.get_by_text("Stopped after 1 of 20 trials.")).to_be_visible()


def test_a_sweep_shows_its_trials_what_mattered_and_the_best_so_far(office: Page, swept: Sweep) -> None:
    office.goto(f"/admin/training/sweep/{swept.pk}/change/")
    expect(office.locator("circle.dot")).to_have_count(8)
    expect(office.locator("circle.dot-best")).to_have_count(1)
    expect(office.get_by_label("Learning rate")).to_have_attribute("value", "81")
    expect(office.get_by_role("row", name="pruned")).to_have_count(1)
    assert flaws(office, "sweep") == []
    office.get_by_role("link", name="Rates · 5", exact=True).click()
    expect(office.get_by_role("link", name="Rates", exact=True)).to_be_visible()
    assert flaws(office, "trial") == []
    office.goto("/admin/training/trainingrun/")
    for name in ("Rates · 2", "Rates · 3"):
        office.get_by_role("row", name=name).get_by_role("checkbox").check()
    office.locator("select[name=action]").select_option("compare")
    office.get_by_role("button", name="Run").click()
    expect(office.get_by_role("row", name="Learning rate")).to_contain_text("0.000268")
    assert flaws(office, "compare") == []


def test_the_pages_of_runs_and_sweeps_are_used_by_keyboard(office: Page, swept: Sweep, run: TrainingRun) -> None:
    office.goto(f"/admin/training/sweep/{swept.pk}/change/")
    tab_to(office, "Rates · 5: 94.7%")
    office.keyboard.press("Enter")
    expect(office.locator("#run-name")).to_have_text("Rates · 5")
    going = {"status": JobStatus.RUNNING, "lease_expires": timezone.now() + timedelta(hours=1)}
    TrainingRun.objects.filter(pk=run.pk).update(**going)
    office.goto(f"/admin/training/trainingrun/{run.pk}/change/")
    tab_to(office, "Pause")
    office.keyboard.press("Enter")
    expect(office.locator("#run-live")).to_contain_text("Stopping.")
    assert flaws(office, "run") == []
    tab_to(office, "All settings")
    office.keyboard.press("Enter")
    expect(office.get_by_text("Learning rate")).to_be_visible()
    office.goto("/admin/training/trainingrun/add/")
    tab_to(office, "Name")
    office.keyboard.type("By keyboard")
    tab_to(office, "Data set")
    office.keyboard.press("ArrowDown")
    tab_to(office, "Advanced: Training")
    office.keyboard.press("Enter")
    tab_to(office, "Learning rate")
    office.keyboard.press("Control+A")
    office.keyboard.type("0")
    tab_to(office, "Start the run")
    office.keyboard.press("Enter")
    expect(office.get_by_text("Learning rate is 0.0; it must be above 0")).to_be_visible()
    assert flaws(office, "run-add") == []
