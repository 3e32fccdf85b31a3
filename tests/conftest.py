"""Fixtures that every test may use: a running site, its servers, and a browser to look at it with."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from execnet import XSpec
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from pytest_django import DjangoDbBlocker, Settings

from tests.bucket import KEYS, Bucket, s3_server
from tests.programs import need
from tests.running import Postgres, made, redis, valkey
from tests.stack import Stack, running_site
from webapp.storage.addresses import storage_at

pytest_plugins = ["tests.programs"]

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_xdist_setupnodes(specs: list[XSpec]) -> None:
    """Give every process of tests a data folder of its own, in that of the run."""
    for spec in specs:
        spec.env["GLIMPSE_DATA_DIR"] = str(Path(os.environ["GLIMPSE_DATA_DIR"]) / spec.id)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse two tests of one id: several processes would run but one of them."""
    for test, n in Counter(item.nodeid for item in items).items():
        if n > 1:
            raise pytest.UsageError(f"{n} tests have the id {test}")


@pytest.fixture(autouse=True)
def _media_of_its_own(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the files of one test away from another's."""
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """Run a server of buckets, and return its address."""
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(s3_address: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Let the site keep its files in a bucket of the test's own."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    bucket = Bucket(s3_address)
    settings.STORAGES = {**settings.STORAGES, "default": storage_at(bucket.url)}
    return bucket


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Return a folder with a short path (a socket's may have 107 bytes) that other users may enter."""
    with tempfile.TemporaryDirectory(prefix="glimpse-", ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[Postgres]:
    """Run a real PostgreSQL server."""
    server = Postgres(Path(need("requires_postgres")).resolve().parent, made(server_folder / "postgres"))
    yield server
    server.process.kill()


@pytest.fixture(scope="session")
def kept_folder(pytestconfig: pytest.Config) -> Path:
    """Return a folder in pytest's own cache for what sites are slow to make."""
    assert pytestconfig.cache
    return pytestconfig.cache.mkdir("glimpse-site")


@pytest.fixture(scope="session")
def stack(server_folder: Path, kept_folder: Path) -> Iterator[Stack]:
    """Run the whole site as `make run` does, once for all tests: `stack.url` is its address."""
    folder = made(server_folder / "site")
    with running_site(Stack(folder, valkey(folder)), kept_folder) as site:
        yield site


@pytest.fixture(scope="session")
def installed_stack(server_folder: Path, postgres_server: Postgres, kept_folder: Path) -> Iterator[Stack]:
    """Run the whole site on PostgreSQL and Redis."""
    folder, database = made(server_folder / "site-installed"), postgres_server.create_database("site")
    with running_site(Stack(folder, redis(folder), database_url=database), kept_folder) as site:
        yield site


@pytest.fixture
def stack_orm(stack: Stack, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let the models of this process read and write the running site's database; not together with `db`."""
    with stack.orm(django_db_blocker):
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start one headless Chromium for the whole run."""
    chromium = need("requires_chromium")
    # Playwright's own event loop makes Django think that the tests are asynchronous; they are not.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """Open a page as a visitor never seen before; the test fails if a request leaves the machine or breaks the CSP."""
    context = browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 800})
    broken: list[str] = []

    def note_request(request: Request) -> None:
        if not request.url.startswith((stack.url, "blob:", "data:")):
            broken.append(f"a request left the machine: {request.url}")

    def note_message(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            broken.append(message.text)

    context.on("request", note_request)
    context.on("console", note_message)
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    yield opened
    context.close()
    assert not broken
