"""Staff take in a checkpoint in a browser, look at it, and delete it again once they know what goes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.checkpoints.candidates import tiny
from tests.journeys.looks import flaws
from tests.journeys.staff import sign_in, staff_name
from tests.stack import Stack

pytestmark = pytest.mark.requires_chromium
PATIENCE_MS = 60_000


@pytest.fixture
def office(page: Page, stack: Stack) -> Page:
    """Return the browser of a member of staff, whose worker runs."""
    if "staff" not in stack.processes:
        stack.start_worker("staff", name="staff")
    sign_in(page, staff_name(stack))
    page.set_default_timeout(PATIENCE_MS)
    return page


def zip_of(folder: Path, made: Path, *, damaged: bool = False) -> Path:
    path = folder / f"{made.name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in made.iterdir():
            content = file.read_bytes()
            archive.writestr(file.name, content[:-1] + b"?" if damaged and file.suffix == ".safetensors" else content)
    return path


def send(office: Page, path: Path) -> None:
    office.goto("/admin/checkpoints/checkpoint/")
    office.get_by_role("link", name="Import", exact=True).click()
    office.get_by_label("The zip").set_input_files(path)
    office.get_by_role("button", name="Import").click()


def test_a_checkpoint_is_taken_in_looked_at_and_deleted(office: Page, tmp_path: Path) -> None:
    name = f"sent-{uuid4().hex[:6]}"
    send(office, zip_of(tmp_path, tiny(tmp_path, name)))
    expect(office.get_by_role("status")).to_contain_text(f"{name} is here.", timeout=PATIENCE_MS)
    assert flaws(office, "import-ready") == []
    office.get_by_role("link", name="See its checkpoint").click()
    office.get_by_role("link", name="Delete …").click()
    expect(office.get_by_role("heading", name=f"Delete {name}?")).to_be_visible()
    assert flaws(office, "delete-checkpoint") == []
    office.get_by_role("button", name="Delete").press("Enter")
    expect(office.get_by_text(f"{name} is deleted.")).to_be_visible(timeout=PATIENCE_MS)
    expect(office.get_by_role("link", name=name, exact=True)).to_have_count(0)


def test_a_damaged_one_is_refused_with_a_sentence(office: Page, tmp_path: Path) -> None:
    send(office, zip_of(tmp_path, tiny(tmp_path, f"damaged-{uuid4().hex[:6]}"), damaged=True))
    expect(office.get_by_role("status")).to_contain_text("It is not sound:", timeout=PATIENCE_MS)
    assert flaws(office, "import-failed") == []
    expect(office.get_by_role("link", name="Send another zip")).to_be_visible()


def test_what_is_live_is_not_deleted(office: Page) -> None:
    office.goto("/admin/checkpoints/checkpoint/?live__exact=1")
    office.get_by_role("link", name="characters", exact=True).first.click()
    office.get_by_role("link", name="Delete …").click()
    expect(office.get_by_text("It is live.")).to_be_visible()
    expect(office.get_by_role("button", name="Delete")).to_have_count(0)
    assert flaws(office, "delete-live") == []
