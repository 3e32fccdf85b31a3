"""Staff repeat a run on a schedule, see when it comes next, let it rest, and delete it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from tests.journeys.looks import flaws
from tests.journeys.staff import sign_in, staff_name
from tests.journeys.visitor import Visitor
from tests.stack import Stack
from tests.training import small_runs
from webapp.datasets.models import Dataset
from webapp.jobs.models import JobStatus
from webapp.training.models import Occasion, Schedule, TrainingRun

pytestmark = pytest.mark.requires_chromium


@pytest.fixture
def run(stack: Stack, stack_orm: None, settings: Settings) -> Iterator[TrainingRun]:
    """Have a finished run, and one that failed."""
    settings.MEDIA_ROOT = stack.folder / "media"
    version = small_runs.small_version("scheduled signs")
    runs = [small_runs.start(version), small_runs.start(version)]
    for run, status in zip(runs, (JobStatus.READY, JobStatus.FAILED), strict=True):
        TrainingRun.objects.filter(pk=run.pk).update(status=status)
    yield runs[0]
    Schedule.objects.all().delete()
    TrainingRun.objects.all().delete()
    Dataset.objects.all().delete()


def test_staff_make_a_schedule_watch_it_and_delete_it(visitor: Visitor, stack: Stack, run: TrainingRun) -> None:
    page = visitor.page
    sign_in(page, staff_name(stack))
    page.goto(f"/admin/training/trainingrun/{run.pk}/change/")
    page.get_by_role("link", name="Repeat on a schedule").click()
    expect(page.get_by_text("Every day at 03:00.")).to_be_visible()
    expect(page.get_by_label("On day")).to_be_hidden()
    page.get_by_label("How often").select_option("month")
    page.get_by_label("On day").fill("31")
    expect(page.locator("[role=status]")).to_contain_text("from 1 to 28")
    page.get_by_label("How often").select_option("week")
    page.get_by_label("On", exact=True).select_option("sun")
    page.get_by_label("At", exact=True).fill("04:30")
    expect(page.get_by_text("Every Sunday at 04:30.")).to_be_visible()
    assert flaws(page, "schedule-add") == []
    visitor.button("Make the schedule").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Weekly signs")
    visitor.button("Make the schedule").click()
    expect(page.get_by_text("Next: Sunday")).to_be_visible()
    _change_and_watch(page, visitor, run)
    page.get_by_text("Delete …").click()
    visitor.button("Delete the schedule").click()
    expect(page.get_by_text("0 schedules")).to_be_visible()


def _change_and_watch(page: Page, visitor: Visitor, run: TrainingRun) -> None:
    schedule = Schedule.objects.get()
    Occasion.objects.create(schedule=schedule, run=run)
    Occasion.objects.create(schedule=schedule, note="The data has not changed since Signs learned it: signs v1 is it.")
    visitor.button("Pause").click()
    expect(page.get_by_text("nothing starts until it is resumed")).to_be_visible()
    visitor.button("Resume").click()
    page.get_by_text("Change when it repeats").click()
    page.get_by_label("How often").select_option("crontab")
    page.get_by_label("Crontab line").fill("0 3 1,15 * *")
    expect(page.get_by_text("on day 1 and 15 of the month. First:")).to_be_visible()
    assert flaws(page, "schedule-change") == []
    visitor.button("Change it").click()
    expect(page.get_by_text("Nothing was started. The data has not changed")).to_be_visible()
    assert flaws(page, "schedule") == []
    page.goto("/admin/training/schedule/")
    expect(page.get_by_text("on day 1 and 15 of the month")).to_be_visible()
    page.go_back()
