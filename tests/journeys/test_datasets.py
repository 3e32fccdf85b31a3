"""Staff make data sets in a browser, whatever becomes of the worker; owners lend their pictures and take them back."""

from __future__ import annotations

import os
import signal
import zipfile
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.staff import sign_in, staff_name
from tests.journeys.visitor import Visitor
from tests.recognition.pictures import drawing, encoded, photo
from tests.running import Process, wait_until
from tests.stack import Stack
from webapp.datasets.models import Dataset, DatasetVersion
from webapp.jobs.models import JobStatus

pytestmark = pytest.mark.requires_chromium

PATIENCE_MS = 60_000
WITHDRAWN_MS = 60_000
"""Within a minute pictures that were taken back are gone from every version."""


@pytest.fixture
def worker(stack: Stack) -> Process:
    """Run the worker that serves staff."""
    if "staff" not in stack.processes:
        stack.start_worker("staff", name="staff")
    return stack.processes["staff"]


@pytest.fixture
def office(visitor: Visitor, stack: Stack) -> Page:
    """Return the browser of a member of staff."""
    sign_in(visitor.page, staff_name(stack))
    return visitor.page


def zip_of(folder: Path, pictures: dict[str, bytes]) -> Path:
    path = folder / "signs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in pictures.items():
            archive.writestr(name, data)
    return path


@cache
def many() -> dict[str, bytes]:
    """Make pictures enough to keep a worker busy for a second or more."""
    return {f"sign {n % 6}/{n}.jpg": encoded(photo(1600, 1200, n), "JPEG") for n in range(120)}


def send(office: Page, name: str, path: Path, least: int = 2) -> None:
    office.goto("/admin/datasets/dataset/add/")
    office.get_by_label("Name").fill(name)
    office.get_by_label("Zip of class folders").set_input_files(path)
    office.get_by_label("Pictures a class at least").fill(str(least))
    office.get_by_role("button", name="Show its classes").click()


def upload(office: Page, name: str, path: Path, least: int = 2) -> None:
    send(office, name, path, least)
    office.get_by_role("button", name="Ingest these classes").click()


def stopped_in_the_middle(worker: Process) -> int:
    """Stop the worker's process in the middle of its work, however quick it is, and return its number."""
    running = DatasetVersion.objects.filter(status=JobStatus.RUNNING)
    wait_until(running.exists, PATIENCE_MS / 1000, what="a worker to begin")
    (child,) = worker.children()
    os.kill(child, signal.SIGSTOP)
    return child


def test_a_zip_becomes_a_data_set_that_can_be_looked_at(office: Page, worker: Process, tmp_path: Path) -> None:
    pictures = {f"sign {c}/{n}.png": encoded(drawing(10 * c + n)) for c in range(6) for n in range(2)}
    upload(office, "Signs to look at", zip_of(tmp_path, {**pictures, "sign 1/notes.txt": b"x"}))
    expect(office.get_by_role("heading", name="Class split")).to_be_visible(timeout=PATIENCE_MS)
    expect(office.locator(".samples svg image")).to_have_count(6)
    office.get_by_text("1 file was not taken").press("Enter")
    expect(office.get_by_text("sign 1/notes.txt")).to_be_visible()
    expect(office.locator("#version[hx-get]")).to_have_count(0)


def test_a_zip_is_shown_before_it_is_ingested_and_needs_no_scripts(
    stack: Stack, browser: Browser, stack_orm: None, tmp_path: Path
) -> None:
    pictures = {f"鳥 {c}/{n}.png": encoded(drawing(10 * c + n)) for c in range(30) for n in range(2)}
    pictures |= {f"one of the smallest {c}/1.png": b"x" for c in range(3)}
    context = browser.new_context(base_url=stack.url, java_script_enabled=False)
    office = context.new_page()
    sign_in(office, staff_name(stack))
    send(office, "Signs to be seen first", zip_of(tmp_path, {**pictures, "loose.png": b"x", "sign/../up.png": b"x"}))
    expect(office.get_by_text("This zip makes 30 classes")).to_be_visible()
    for text in ("waiting for your word", "鳥 29 · 2 files", "3 classes will be left out", "2 files will not be taken"):
        expect(office.get_by_text(text)).to_be_visible()
    office.get_by_role("button", name="Do not ingest").click()
    expect(office.get_by_text("Nothing was ingested, and the zip is deleted.")).to_be_visible()
    assert not Dataset.objects.filter(name="Signs to be seen first").exists()
    context.close()


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(
    office: Page, worker: Process, stack_orm: None, tmp_path: Path
) -> None:
    upload(office, "Signs of a hard life", zip_of(tmp_path, many()))
    os.kill(stopped_in_the_middle(worker), signal.SIGKILL)
    expect(office.get_by_role("heading", name="Class split")).to_be_visible(timeout=PATIENCE_MS)
    expect(office.locator(".facts")).to_contain_text("120")


def test_an_ingest_that_is_cancelled_stops(office: Page, worker: Process, stack_orm: None, tmp_path: Path) -> None:
    upload(office, "Signs that nobody wants", zip_of(tmp_path, many()))
    child = stopped_in_the_middle(worker)
    cancel = office.get_by_role("button", name="Cancel")
    with office.expect_response(lambda answer: answer.url.endswith("/state/")):
        cancel.focus()
    expect(cancel).to_be_focused()  # though the page has been brought up to date meanwhile
    office.keyboard.press("Enter")
    os.kill(child, signal.SIGCONT)
    expect(office.locator(".tag-cancelled")).to_be_visible(timeout=PATIENCE_MS)


def test_an_owner_lends_pictures_and_takes_them_back(
    office: Page, worker: Process, stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context(base_url=stack.url)
    home = lend(context.new_page(), tmp_path)
    office.goto("/admin/datasets/dataset/add/?source=site")
    office.get_by_label("Name").fill("What people lend")
    office.get_by_label("Pictures a class at least").fill("2")
    office.get_by_role("button", name="Start").click()
    expect(office.locator(".samples svg")).to_have_count(4, timeout=PATIENCE_MS)

    with home.expect_response(lambda answer: answer.url.endswith("/improvement/")):
        home.get_by_label("These pictures may be used to improve the models").uncheck()

    def gone() -> bool:
        office.reload()
        return office.get_by_text("cannot be repeated").is_visible() and not office.locator(".samples svg").count()

    wait_until(gone, WITHDRAWN_MS / 1000, what="the pictures that were taken back to go")
    expect(office.get_by_text("No published checkpoint had learned from them.")).to_be_visible()
    context.close()


def lend(home: Page, tmp_path: Path) -> Page:
    """Sign up, make a support set of four classes, and let the models learn from it."""
    pictures = {f"mine {c}/{n}.png": encoded(drawing(500 + 10 * c + n)) for c in range(4) for n in range(2)}
    home.goto("/account/sign-up/")
    home.locator("#id_username").fill("lender")
    for field in ("#id_password1", "#id_password2"):
        home.locator(field).fill("lends pictures gladly")
    home.locator("main form button").first.click()
    home.goto("/")
    home.locator("form[action='/support-sets/'] button").first.click()
    home.locator("#zip").set_input_files(zip_of(tmp_path, pictures))
    home.get_by_role("button", name="Import them").click()
    expect(home.get_by_text("8 pictures were added.")).to_be_visible(timeout=PATIENCE_MS)
    with home.expect_response(lambda answer: answer.url.endswith("/improvement/")):
        home.get_by_label("These pictures may be used to improve the models").check()
    home.reload()
    expect(home.get_by_label("These pictures may be used to improve the models")).to_be_checked()
    return home
