"""One stranger stops nobody: while they send what is slow to decode, others are served, on a real site."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.jobs.drawings import drawings
from tests.recognition.pictures import raw_png
from tests.running import wait_until
from tests.site_client import SiteClient
from tests.stack import Stack

SHAPES = {"lines": "line", "rings": "ring"}
SIDE = 7000


class Visitor:
    """A guest with support sets, the latest of which is theirs at the moment, who uses the pages as a browser does."""

    def __init__(self, site: Stack) -> None:
        self._http = httpx.Client(base_url=site.url, timeout=120, follow_redirects=True)
        self._http.get("/")
        self._sets: list[str] = []
        self.begin()

    def begin(self) -> None:
        """Make a support set."""
        self._sets.append(_last(r"/support-sets/([0-9a-f-]{36})/", self.post("/support-sets/").text))

    @property
    def set(self) -> str:
        return self._sets[-1]

    def post(
        self, path: str, files: list[tuple[str, tuple[str, bytes]]] | None = None, **fields: str
    ) -> httpx.Response:
        token = self._http.cookies.get("csrftoken") or ""
        headers = {"X-CSRFToken": token, "Referer": str(self._http.base_url)}
        return self._http.post(path, data={"csrfmiddlewaretoken": token, **fields}, files=files, headers=headers)

    def get(self, path: str) -> str:
        return self._http.get(path).text

    def add_class(self, name: str) -> str:
        """Make a class, and return the address that takes its pictures."""
        page = self.post(f"/support-sets/{self.set}/classes/", name=name).text
        return f"/support-sets/{self.set}/classes/{_last(r'/classes/([0-9a-f-]{36})/', page)}/images/"

    def start_import(self, packed: bytes) -> None:
        page = self.post(f"/support-sets/{self.set}/import/", files=[("file", ("a.zip", packed))]).text
        waiting = _last(r'name="zip" value="([0-9a-f-]{36})"', page)
        self.post(f"/support-sets/{self.set}/import/start/", zip=waiting)

    def imports(self) -> str:
        """Return the part of the page that tells of the latest import."""
        return self.get(f"/support-sets/{self.set}/").partition('id="import"')[2]

    def is_importing(self) -> bool:
        return "badge-queued" in self.imports() or "badge-running" in self.imports()

    def delete(self) -> None:
        """Delete everything, and what is still to be imported with it."""
        for made in self._sets:
            self.post(f"/support-sets/{made}/delete/")


def _last(pattern: str, text: str) -> str:
    found: list[str] = re.findall(pattern, text)
    return found[-1]


def slow_picture(seed: int) -> bytes:
    """Draw a picture of 49 megapixels that a few kilobytes hold."""
    row = bytes([seed, 9, 40]) * (SIDE // 2) + bytes([255, 250, 240]) * (SIDE - SIDE // 2)
    return raw_png(SIDE, SIDE, depth=8, colour=2, rows=[row] * SIDE)


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.fixture(scope="module")
def slow() -> bytes:
    return slow_picture(1)


@pytest.fixture
def ada(stack: Stack) -> Iterator[SiteClient]:
    with SiteClient(stack, "ada") as client:
        yield client


def asked(client: SiteClient) -> None:
    """Learn two shapes, ask about a third picture, and see that it is answered."""
    support_set = client.support_set("shapes", {name: drawings(shape, 2) for name, shape in SHAPES.items()})
    classifier = client.post(f"/support-sets/{support_set}/classifiers", {"checkpoint": "characters"})["id"]
    assert client.wait_for(f"/classifiers/{classifier}", seconds=120)["status"] == "ready"
    answer = client.upload(f"/classifiers/{classifier}/predictions?wait=30", drawings("ring", 1, seed=9))
    assert client.wait_for(f"/predictions/{answer['id']}", seconds=120)["status"] == "ready"


def test_zips_of_slow_pictures_hold_up_neither_answers_nor_the_zips_of_others(
    stack: Stack, ada: SiteClient, slow: bytes
) -> None:
    stranger, other = Visitor(stack), Visitor(stack)
    packed = zipped({f"{n}/{n}.png": slow for n in range(40)})
    for _ in range(3):
        stranger.begin()
        stranger.start_import(packed)
    asked(ada)
    other.start_import(zipped({f"lines/{name}": data for name, data in drawings("line", 2).items()}))
    wait_until(lambda: not other.is_importing(), 120, "the end of another person's import")
    assert stranger.is_importing()
    assert "2 pictures" in other.get(f"/support-sets/{other.set}/")
    stranger.delete()


def test_many_uploads_of_slow_pictures_at_once_hold_up_nobody_else(stack: Stack, ada: SiteClient, slow: bytes) -> None:
    stranger, enough = Visitor(stack), threading.Event()
    address = stranger.add_class("kites")
    files = [("images", (f"{n}.png", slow)) for n in range(8)]

    def go_on_sending() -> set[int]:
        statuses = set()
        while not enough.is_set():
            statuses.add(stranger.post(address, files).status_code)
            enough.wait(1)
        return statuses

    with ThreadPoolExecutor(28) as pool:
        senders = [pool.submit(go_on_sending) for _ in range(28)]
        try:
            asked(ada)
        finally:
            enough.set()
    statuses = set().union(*(sender.result() for sender in senders))
    stranger.delete()
    assert 429 in statuses, "only so many are on their way at once"
    assert statuses <= {200, 422, 429}
