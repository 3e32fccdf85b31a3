"""Staff publish a checkpoint, visitors' next classifiers stand on it, staff roll back: nobody restarts anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from mlcore.checkpoints.archive import export_checkpoint
from mlcore.checkpoints.checkpoint import find_checkpoint
from tests.journeys.staff import sign_in, staff_name
from tests.journeys.visitor import LEARNING_MS, Visitor, query
from tests.stack import Stack

pytestmark = pytest.mark.requires_chromium
LIVE = """
import json
from webapp.checkpoints.models import Checkpoint
print(json.dumps({row.kind: row.name for row in Checkpoint.objects.live()}))
"""


def live(stack: Stack) -> str:
    """Return the name of what is live for characters."""
    name: str = json.loads(stack.manage("shell", "--verbosity", "0", "--command", LIVE))["characters"]
    return name


MAKE = """
from mlcore.checkpoints.card import PRETRAINED
from webapp.checkpoints.stored_checkpoints import stored
with stored(PRETRAINED / "characters", name={name!r}) as row:
    row.save()
"""


@pytest.fixture
def another(stack: Stack) -> str:
    """Bring another checkpoint for characters in, made of the shipped one: staff know it by its name."""
    name = f"characters by hand {uuid4().hex[:6]}"
    stack.manage("shell", "--command", MAKE.format(name=name))
    return name


@pytest.fixture
def office(browser: Browser, stack: Stack) -> Iterator[Page]:
    """Open the admin in a browser of its own, signed in."""
    context = browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    sign_in(page, staff_name(stack))
    yield page
    context.close()
    assert not broken


def stands_on(visitor: Visitor) -> str:
    """Read off the classifier's page what it stands on."""
    visitor.page.get_by_text("Settings of the method").click()
    return visitor.page.locator(".settings code").first.inner_text()


def test_a_checkpoint_is_published_stood_on_and_rolled_back(
    visitor: Visitor, office: Page, stack: Stack, another: str
) -> None:
    before = live(stack)
    visitor.teach("anchor", "snail")
    visitor.learn()
    assert stands_on(visitor) == before
    old_page = visitor.page.url

    office.get_by_role("link", name="Checkpoints").first.click()
    office.get_by_role("link", name=another).click()
    expect(office.get_by_text("There is no benchmark")).to_be_visible()
    office.get_by_label("Why it is published").fill("It was tried by hand and does well")
    office.get_by_role("button", name="Publish all the same").click()
    expect(office.get_by_text(f"{another} is live: new classifiers stand on it.")).to_be_visible()
    expect(office.locator(".trail")).to_contain_text("It was tried by hand and does well")
    assert live(stack) == another

    visitor.page.reload()
    visitor.ask(query("snail"))
    visitor.button("Learn again on the new one").click()
    visitor.page.wait_for_url(lambda url: "/classifiers/" in url and url != old_page)
    visitor.wait_until_learned()
    assert stands_on(visitor) == another
    visitor.ask(query("snail"))
    expect(visitor.results.first).to_contain_text("Snail", timeout=LEARNING_MS)

    office.get_by_role("button", name="Roll back").click()
    expect(office.get_by_text(f"{before} is live again.")).to_be_visible()
    assert live(stack) == before
    visitor.page.get_by_role("link", name="Its pictures").click()
    visitor.learn()
    assert stands_on(visitor) == before


MAKE_VERSION = """
from webapp.datasets.models import Dataset, DatasetVersion
from webapp.jobs.models import JobStatus
dataset = Dataset.objects.create(name="strokes for benchmarks", source="registered")
DatasetVersion.objects.create(dataset=dataset, number=1, status=JobStatus.READY, mlcore_name="strokes")
"""
FORGET_VERSION = """
from webapp.checkpoints.models import Evaluation, Benchmark
from webapp.datasets.models import Dataset
Benchmark.objects.all().delete()
Evaluation.objects.all().delete()
Dataset.objects.filter(name="strokes for benchmarks").delete()
"""


@pytest.fixture
def version(stack: Stack) -> Iterator[str]:
    """Make a version of a data set, and leave no benchmark on it behind."""
    stack.manage("shell", "--command", MAKE_VERSION)
    yield "strokes for benchmarks v1"
    stack.manage("shell", "--command", FORGET_VERSION)


def test_a_checkpoint_that_is_measured_and_not_worse_needs_no_reason(
    office: Page, stack: Stack, another: str, version: str
) -> None:
    if "staff" not in stack.processes:
        stack.start_worker("staff", name="staff")
    before = live(stack)
    office.goto("/admin/checkpoints/checkpoint/")
    office.get_by_role("link", name=another).click()
    page = office.url
    office.get_by_role("link", name="Add a benchmark").click()
    expect(office.locator("select[name=kind]")).to_have_value("characters")
    office.locator("select[name=version]").select_option(label=version)
    office.locator("input[name=episodes]").fill("100")
    office.get_by_role("button", name="Save", exact=True).click()
    expect(office.locator("#result_list")).to_contain_text(version)

    office.goto(page)
    office.get_by_role("button", name=f"Measure against {before}").click()
    expect(office.locator("#gate")).to_contain_text("Measuring both in the same episodes", timeout=60_000)
    expect(office.locator("#gate .passed")).to_have_count(2, timeout=240_000)
    expect(office.locator("#gate")).to_contain_text("in 100 episodes of 100 classes")
    office.get_by_role("button", name="Publish", exact=True).click()
    expect(office.get_by_text(f"{another} is live: new classifiers stand on it.")).to_be_visible()
    office.get_by_role("button", name="Roll back").click()
    expect(office.get_by_text(f"{before} is live again.")).to_be_visible()


def test_a_zip_is_looked_at_and_two_checkpoints_are_compared(office: Page, tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    office.goto("/admin/checkpoints/checkpoint/")
    office.get_by_role("link", name="Import", exact=True).click()
    office.set_input_files("input[name=file]", tmp_path / "bad.zip")
    office.get_by_role("button", name="Import").click()
    expect(office.get_by_role("alert")).to_contain_text("no zip that can be read")
    export_checkpoint(find_checkpoint("characters"), tmp_path / "characters.zip")
    office.set_input_files("input[name=file]", tmp_path / "characters.zip")
    office.get_by_role("button", name="Import").click()
    expect(office.get_by_role("alert")).to_contain_text("here already")

    office.goto("/admin/checkpoints/checkpoint/")
    for box in office.locator("input.action-select").all()[:2]:
        box.check()
    office.locator("select[name=action]").select_option("compare")
    office.get_by_title("Run the selected action").click()
    expect(office.locator(".compared").first).to_be_visible()
