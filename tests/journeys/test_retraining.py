"""Retraining from beginning to end, by a new member of staff: a zip, a run, a lost worker, published, rolled back."""

from __future__ import annotations

import os
import re
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.staff import sign_in, staff_name
from tests.journeys.visitor import LEARNING_MS, Visitor, query
from tests.stack import Stack
from tests.training.small_runs import sign

pytestmark = pytest.mark.requires_chromium

CLASSES, PICTURES = 24, 10
LONG_MS = 120_000
SETTINGS = {
    "episodes.n_way": "5",
    "training.steps": "600",
    "training.max_minutes": "0",
    "training.validate_every": "20",
    "training.validation_episodes": "10",
    "training.save_every": "20",
    "method_config.backbone.width": "4",
}
ALLOWED = """
from django.contrib.auth.models import Permission, User
user = User.objects.get(username="nell")
user.is_superuser = False
user.save()
apps = ("datasets", "checkpoints", "training")
user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=apps))
"""


@pytest.fixture
def office(browser: Browser, stack: Stack) -> Iterator[Page]:
    """Open the admin for someone who may do everything with training, and nothing else."""
    for queue in ("staff", "training"):
        if queue not in stack.processes:
            stack.start_worker(queue, name=queue)
    name = staff_name(stack, "nell")
    stack.manage("shell", "--command", ALLOWED)
    context = browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.set_default_timeout(LONG_MS)
    sign_in(page, name)
    yield page
    context.close()
    assert not broken
    process = stack.processes.pop("training")
    process.terminate()
    process.end()


@pytest.fixture
def signs_zip(tmp_path: Path) -> Path:
    """Zip drawings of signs, a folder a class."""
    path = tmp_path / "signs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(CLASSES):
            for shot in range(PICTURES):
                archive.writestr(f"sign {number}/{shot}.png", sign(number, shot))
    return path


def upload(page: Page, path: Path) -> None:
    page.goto("/admin/datasets/dataset/add/")
    page.get_by_label("Name").fill("Signs from the field")
    page.get_by_label("Zip of class folders").set_input_files(path)
    page.get_by_role("button", name="Show its classes").click()
    page.get_by_role("button", name="Ingest these classes").click()
    expect(page.get_by_role("heading", name="Class split")).to_be_visible(timeout=LONG_MS)


def start_run(page: Page) -> None:
    page.goto("/admin/training/trainingrun/add/")
    page.get_by_label("Name", exact=True).fill("Signs of the field")
    data = page.get_by_label("Data set")
    data.select_option(data.locator("option", has_text="Signs from the field").first.get_attribute("value"))
    for summary in page.locator("summary", has_text="Advanced").all():
        summary.click()
    for name, value in SETTINGS.items():
        page.locator(f'[name="{name}"]').fill(value)
    page.get_by_role("button", name="Start the run").click()


def shown(page: Page, what: str) -> int:
    """Read a number off the run's page."""
    found = re.search(rf"{what}\s+(\d+)", page.locator("#run-live").inner_text())
    assert found
    return int(found[1])


def test_a_zip_becomes_what_visitors_classifiers_stand_on_and_is_rolled_back(
    visitor: Visitor, office: Page, stack: Stack, signs_zip: Path
) -> None:
    upload(office, signs_zip)
    start_run(office)
    line = office.locator("polyline").first
    expect(line).to_be_visible(timeout=LONG_MS)
    before = line.get_attribute("points") or ""
    expect(line).not_to_have_attribute("points", before, timeout=LONG_MS)
    expect(office.locator("#run-live")).to_contain_text("State kept at step", timeout=LONG_MS)
    kept = shown(office, "State kept at step")
    assert kept > 0

    worker = stack.processes["training"]
    for child in worker.children():
        os.kill(child, signal.SIGKILL)
    worker.kill()
    assert shown(office, "Step") < int(SETTINGS["training.steps"])
    stack.start_worker("training", name="training")
    expect(office.locator("#run-live")).to_contain_text("Ready.", timeout=LONG_MS)
    assert shown(office, "Step") == int(SETTINGS["training.steps"])

    office.get_by_role("link", name="See its checkpoint").click()
    office.get_by_label("Why it is published").fill("To be tried for a day")
    office.get_by_role("button", name="Publish all the same").click()
    expect(office.get_by_text("is live: new classifiers stand on it.")).to_be_visible()

    visitor.teach("anchor", "snail")
    visitor.learn()
    visitor.page.get_by_text("Settings of the method").click()
    expect(visitor.page.locator(".settings code").first).to_have_text(re.compile("^signs-of-the-field-"))
    visitor.ask(query("snail"))
    expect(visitor.results.first).to_contain_text("%", timeout=LEARNING_MS)

    office.get_by_role("button", name="Roll back").click()
    expect(office.get_by_text("is live again.")).to_be_visible()
