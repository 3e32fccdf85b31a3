"""What a running site writes to its logs: each error with its traceback, the audit log, and nothing of people."""

from __future__ import annotations

import base64
import logging
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.jobs.drawings import drawings
from tests.journeys.staff import PASSWORD, staff_name
from tests.running import made, python, wait_until
from tests.site_client import SiteClient
from tests.stack import Stack
from webapp.core.log import IdsOnly, frames_in

CANARY = "Zephyrina"
"""A name that nothing but these tests writes anywhere."""
QUOTING = f"Key (name)=({CANARY}) already exists."
"""What a database says of a row that it refuses."""


@contextmanager
def fault(site: Stack, moment: str, when: str) -> Iterator[None]:
    """Let the database of a site refuse some writes, in words that quote a name, as PostgreSQL's do."""
    with sqlite3.connect(site.folder / "glimpse.sqlite3", timeout=20) as database:
        raised = f"SELECT RAISE(ABORT, '{QUOTING}')"
        database.execute(f"CREATE TRIGGER fault BEFORE {moment} WHEN {when} BEGIN {raised}; END")
    try:
        yield
    finally:
        with sqlite3.connect(site.folder / "glimpse.sqlite3", timeout=20) as database:
            database.execute("DROP TRIGGER fault")


@contextmanager
def visitor(site: Stack) -> Iterator[httpx.Client]:
    """Speak to the pages of a site as a browser does, with its cookies and the token of its forms."""
    with httpx.Client(base_url=site.url, headers={"Referer": site.url}, timeout=60) as client:
        yield client


def submit(client: httpx.Client, path: str, fields: dict[str, str], *, form: str = "") -> httpx.Response:
    """Send the form of a page."""
    page = client.get(form or path)
    token = re.search(r'(?:name="csrfmiddlewaretoken" value="|"X-CSRFToken": ")(\w+)"', page.text)
    assert token, page.text
    return client.post(path, data={"csrfmiddlewaretoken": token[1], **fields})


@pytest.fixture
def kept(stack: Stack) -> Iterator[None]:
    """Look through every log of the site after a test for what it must not hold."""
    yield
    for log in stack.folder.rglob("*.log"):
        assert CANARY.lower() not in log.read_text().lower(), log


def record_of(log: Path, start: str) -> str:
    """Wait for a line of a log, and return it with the traceback that follows."""
    pattern = re.compile(rf"^[^\n]* {re.escape(start)}.*?(?=^\d{{4}}-|\Z)", re.MULTILINE | re.DOTALL)
    line = wait_until(lambda: pattern.search(log.read_text()), what=f"{start!r} in {log.name}")
    return line[0]


@pytest.mark.usefixtures("kept")
def test_a_page_that_fails_is_logged_with_its_traceback_under_the_id_that_it_shows(stack: Stack) -> None:
    with visitor(stack) as client, fault(stack, "INSERT ON recognition_supportset", "1"):
        page = submit(client, "/support-sets/", {"name": CANARY}, form="/")
    assert page.status_code == 500
    shown = re.search("If you report this, quote ([0-9a-f]{12}).", page.text)
    assert shown
    assert page.headers["Failure-Id"] == shown[1]
    record = record_of(stack.processes["web"].log, f"Failure {shown[1]} at POST /support-sets/")
    assert "ERROR webapp.core.failures" in record
    assert re.search(r'File ".*/support_sets.py", line \d+, in ', record)
    assert record.rstrip().endswith("django.db.utils.IntegrityError"), record
    assert "sqlite3.IntegrityError sqlite_errorname=SQLITE_CONSTRAINT_TRIGGER" in record


@pytest.mark.usefixtures("kept")
def test_an_operation_of_the_api_that_fails_is_logged_likewise(stack: Stack) -> None:
    token = stack.manage("create_api_token", CANARY.lower()).strip()
    headers = {"Authorization": f"Bearer {token}"}
    with fault(stack, "INSERT ON recognition_supportset", "1"):
        answer = httpx.post(f"{stack.url}/api/v1/support-sets", json={"name": CANARY}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "our_fault")
    assert CANARY not in answer.text
    failure_id = answer.headers["Failure-Id"]
    assert failure_id in answer.json()["message"]
    record = record_of(stack.processes["web"].log, f"Failure {failure_id} at POST /api/v1/support-sets")
    assert "Traceback (most recent call last):\n" in record


@pytest.mark.usefixtures("kept")
def test_a_job_that_fails_by_a_fault_is_logged_under_its_id(stack: Stack) -> None:
    pictures = {name: drawings(shape, 2) for name, shape in {CANARY: "line", "rings": "ring"}.items()}
    with SiteClient(stack, CANARY.lower()) as client:
        for class_name, files in pictures.items():
            pictures[class_name] = {f"{CANARY} {file}": data for file, data in files.items()}
        support_set = client.support_set(CANARY, pictures)
        with fault(stack, "UPDATE ON recognition_classifier", "NEW.status = 'ready'"):
            accepted = client.post(f"/support-sets/{support_set}/classifiers", {"checkpoint": "characters"})
            failed = client.wait_for(f"/classifiers/{accepted['id']}", seconds=60)
    assert failed["status"] == "failed"
    worker = stack.processes["worker"].log
    record = record_of(worker, f"Job {accepted['id']} failed, and it is our fault.")
    assert "ERROR webapp.jobs.services" in record
    assert re.search(r'File ".*/worker/classifying.py", line \d+, in ', record)
    assert "IntegrityError" in record
    for data in (data for files in pictures.values() for data in files.values()):
        for log in stack.folder.rglob("*.log"):
            assert base64.b64encode(data)[:60] not in log.read_bytes()
            assert repr(data)[2:60].encode() not in log.read_bytes()
            assert data not in log.read_bytes()


@pytest.mark.usefixtures("kept")
def test_acts_of_staff_are_logged_in_ids(stack: Stack) -> None:
    name = staff_name(stack, f"{CANARY.lower()}-of-staff")
    web = stack.processes["web"].log
    with visitor(stack) as client:
        submit(client, "/admin/login/", {"username": name, "password": PASSWORD, "next": "/admin/"})
        number = re.search(r"/admin/auth/user/(\d+)/", client.get(f"/admin/auth/user/?q={name}").text)
        assert number
        page = client.get("/admin/checkpoints/checkpoint/").text
        checkpoint = re.search(r"/admin/checkpoints/checkpoint/([0-9a-f-]{36})/change/", page)
        assert checkpoint, page
        assert client.get(f"/admin/checkpoints/checkpoint/{checkpoint[1]}/export/").status_code == 200
        record = record_of(web, f"checkpoint {checkpoint[1]}: ")
        assert f"checkpoint {checkpoint[1]}: Exported. By user {number[1]}." in record
        submit(client, "/admin/auth/group/add/", {"name": f"{CANARY}s"})
        assert re.search(rf"group \d+: Added. By user {number[1]}\.", record_of(web, "group "))


@pytest.mark.usefixtures("kept")
def test_what_is_refused_leaves_no_names_either(stack: Stack) -> None:
    with visitor(stack) as client:
        assert client.get(f"/{CANARY}/?q={CANARY}").status_code == 404
        assert client.get("/", headers={"Host": f"{CANARY}.example"}).status_code == 400
        assert client.post("/account/sign-in/", headers={"Origin": f"http://{CANARY}.example"}).status_code == 403
        assert client.get("/api/v1/support-sets", headers={"Authorization": f"{CANARY} token"}).status_code == 401
        for _ in range(6):
            submit(client, "/account/sign-in/", {"username": CANARY, "password": CANARY})
    record_of(stack.processes["web"].log, "django.security.DisallowedHost (written by ")
    record_of(stack.processes["web"].log, "django.security.csrf Forbidden (…): …")
    record_of(stack.processes["web"].log, "Refused by the limit wrong_passwords_per_name_and_address ")


def test_a_site_without_its_database_answers_and_logs(stack: Stack, server_folder: Path) -> None:
    folder = made(server_folder / "no-database")
    settings = {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    site = Stack(folder, stack.broker, database_url=f"sqlite:///{folder}/nowhere/site.sqlite3", environment=settings)
    try:
        web, clock = site.start_web().log, site.start_clock().log
        token = {"Authorization": "Bearer something"}
        for answer in (httpx.get(f"{site.url}/my/"), httpx.get(f"{site.url}/api/v1/support-sets", headers=token)):
            assert answer.status_code == 500
            assert answer.headers["Failure-Id"] in answer.text
            record = record_of(web, f"Failure {answer.headers['Failure-Id']} at GET ")
            assert "sqlite3.OperationalError sqlite_errorname=SQLITE_CANTOPEN" in record
        assert "OperationalError" in record_of(clock, "webapp.jobs.services.sweep failed; it is called again.")
    finally:
        site.stop()


@pytest.mark.parametrize(
    ("logger", "message", "args", "line"),
    [
        ("kombu", "No %s: %s. In %.1f s", (CANARY, OSError(5, CANARY), 2), "No …: OSError errno=5. In 2.0 s"),
        ("celery.app.trace", "Task %(name)s raised: %(exc)s", ({"name": CANARY, "exc": CANARY},), "Task … raised: …"),
        ("ninja", f"Unexpected auth - '{CANARY}'", (), "(written by somewhere, line 7)"),
        ("anything", "%d of %s", (CANARY, 3), "%d of %s"),
        ("webapp.jobs", "Job %s: %s", ("5f", KeyError(CANARY)), "Job 5f: KeyError"),
        ("webapp.jobs", ValueError(CANARY), (), "ValueError"),
    ],
)
def test_a_line_has_the_ids_of_the_site_and_no_words_of_a_library(
    logger: str, message: object, args: tuple[object, ...], line: str
) -> None:
    record = logging.LogRecord(logger, logging.WARNING, "/somewhere.py", 7, message, args, None)
    assert IdsOnly("%(message)s").format(record) == line


def test_a_traceback_names_every_error_that_led_to_it_without_their_words() -> None:
    try:
        try:
            {}[CANARY]
        except KeyError as error:
            raise RuntimeError(QUOTING) from error
    except RuntimeError as error:
        text = IdsOnly().formatException((RuntimeError, error, error.__traceback__))
    lines = text.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "Traceback (most recent call last):",
        "KeyError",
        "This led to another:",
        "Traceback (most recent call last):",
        "RuntimeError",
    ]
    assert "    raise RuntimeError(QUOTING) from error" in lines
    assert CANARY not in text


def test_of_what_another_process_printed_only_the_way_and_the_error_are_kept() -> None:
    code = f"def read(name):\n    return {{}}[name]\nprint('{CANARY}')\nread('{CANARY}')"
    done = subprocess.run(python("-c", code), capture_output=True, text=True, check=False)
    assert CANARY in done.stderr
    assert frames_in(done.stdout + done.stderr).splitlines() == [
        '  File "<string>", line 4, in <module>',
        '  File "<string>", line 2, in read',
        "KeyError",
    ]
