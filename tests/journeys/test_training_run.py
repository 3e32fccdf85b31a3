"""A new member of staff starts a run from the form, sees its curves move, pauses it, and sees it end ready."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django import Settings

from tests.journeys.visitor import Visitor
from tests.stack import Stack
from tests.training import small_runs
from webapp.datasets.models import Dataset, DatasetVersion
from webapp.training.models import TrainingRun

LONG_MS = 120_000
SETTINGS = {
    "episodes.n_way": "5",
    "training.steps": "400",
    "training.max_minutes": "0",
    "training.validate_every": "20",
    "training.validation_episodes": "10",
    "training.save_every": "20",
    "method_config.backbone.width": "4",
}

FACES = {
    "training.steps": "20",
    "training.people_per_step": "4",
    "training.pictures_per_person": "2",
    "training.validate_every": "5",
    "method_config.backbone.width": "8",
}


@pytest.fixture
def version(stack: Stack, stack_orm: None, settings: Settings) -> Iterator[DatasetVersion]:
    """Have workers for training and for estimates, a member of staff, and a small data set."""
    settings.MEDIA_ROOT = stack.folder / "media"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]  # as the site itself has
    stack.start_worker("training,staff", name="training", concurrency=2)
    user = User.objects.create_superuser("trainer", password="Glimpse-77")
    yield small_runs.small_version("journey signs")
    TrainingRun.objects.all().delete()
    Dataset.objects.filter(name__startswith="journey ").delete()
    user.delete()
    process = stack.processes.pop("training")
    process.terminate()
    process.end()


def sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.locator("#id_username").fill("trainer")
    page.locator("#id_password").fill("Glimpse-77")
    page.keyboard.press("Enter")
    expect(page.locator(".front")).to_be_visible()


def fill(page: Page, version: DatasetVersion) -> None:
    page.get_by_label("Name", exact=True).fill("First signs")
    page.get_by_label("Data set").select_option(str(version.pk))
    for summary in page.locator("summary", has_text="Advanced").all():
        summary.click()
    for name, value in SETTINGS.items():
        page.locator(f'[name="{name}"]').fill(value)


def curve(page: Page) -> str:
    return page.locator("polyline").first.get_attribute("points") or ""


def test_staff_start_a_run_and_watch_it_to_its_end(visitor: Visitor, version: DatasetVersion) -> None:
    page = visitor.page
    sign_in(page)
    page.goto("/admin/training/trainingrun/add/")
    page.get_by_label("Method").select_option("maml")
    expect(page.get_by_text("Inner learning rate")).to_have_count(1)
    page.get_by_label("Method").select_option("prototypical")
    expect(page.get_by_text("Inner learning rate")).to_have_count(0)
    fill(page, version)
    page.locator('[name="episodes.n_way"]').fill("1")
    visitor.button("Start the run").click()
    expect(page.get_by_text("Ways is 1; it must be at least 2")).to_be_visible()
    page.locator('[name="episodes.n_way"]').fill("5")
    visitor.button("Estimate the time").click()
    expect(page.locator("#estimate")).to_contain_text("About", timeout=LONG_MS)
    visitor.button("Start the run").click()
    expect(page.locator("polyline").first).to_be_visible(timeout=LONG_MS)
    before = curve(page)
    expect(page.locator("polyline").first).not_to_have_attribute("points", before, timeout=LONG_MS)
    visitor.button("Pause").click()
    visitor.button("Resume").click(timeout=LONG_MS)
    expect(page.locator("#run-live")).to_contain_text("Ready.", timeout=LONG_MS)
    expect(page.get_by_role("link", name="See its checkpoint")).to_be_visible()


def test_staff_train_an_embedding_of_faces_that_is_never_published(visitor: Visitor, version: DatasetVersion) -> None:
    people = small_runs.small_version("journey faces", draw=small_runs.face, pictures=3)
    page = visitor.page
    sign_in(page)
    page.goto("/admin/training/trainingrun/add/")
    page.get_by_label("Method").select_option("arcface")
    expect(page.get_by_text("People per step")).to_have_count(1)
    expect(page.get_by_label("Kind of picture").locator("option")).to_have_count(1)
    page.get_by_label("Name", exact=True).fill("First faces")
    page.get_by_label("Data set").select_option(str(people.pk))
    for summary in page.locator("summary", has_text="Advanced").all():
        summary.click()
    for name, value in FACES.items():
        page.locator(f'[name="{name}"]').fill(value)
    visitor.button("Start the run").click()
    expect(page.locator("#run-live")).to_contain_text("Ready.", timeout=LONG_MS)
    page.get_by_role("link", name="See its checkpoint").click()
    expect(page.get_by_role("heading", name="Never published")).to_be_visible()
    expect(visitor.button("Publish")).to_have_count(0)
