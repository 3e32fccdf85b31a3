"""How long a visitor waits while strangers attack: `python -m benchmarks.strangers`.

One visitor loads a page and has a picture classified, on a site of this machine, over and over: first in quiet, then
during each attack for as many seconds as are asked for. Strangers come over the loopback from the visitor's own
address, as they would behind a proxy that nobody named, which is the worse case for the visitor.
"""

from __future__ import annotations

import argparse
import io
import re
import socket
import statistics
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from urllib.parse import urlsplit

import httpx
from PIL import Image

from benchmarks.running_site import Person, Site, drawing, running_site

CONNECTIONS = 300
PARALLEL_UPLOADS, PICTURES_EACH = 28, 8
ZIPS, PICTURES_IN_A_ZIP = 5, 15
PATIENCE = 60.0
"""Seconds that the visitor waits for an answer at most."""


class Stranger:
    """A guest: a browser without an account, and a support set with one class."""

    def __init__(self, site: Site) -> None:
        headers = {"Referer": site.url}
        self.browser = httpx.Client(base_url=site.url, timeout=600, follow_redirects=True, headers=headers)
        self.browser.get("/")
        self.form = {"csrfmiddlewaretoken": self.browser.cookies["csrftoken"]}
        made = self.browser.post("/support-sets/", data=self.form).raise_for_status()
        self.support_set = urlsplit(str(made.url)).path
        self.browser.post(f"{self.support_set}classes/", data={**self.form, "name": "dots"}).raise_for_status()
        board = self.browser.get(self.support_set).text
        [self.class_images, *_] = re.findall(rf"{self.support_set}classes/[0-9a-f-]+/images/", board)

    def upload(self, pictures: list[bytes]) -> int:
        """Send pictures to the class; return the status."""
        files = [("images", (f"{place}.png", data, "image/png")) for place, data in enumerate(pictures)]
        return self.browser.post(self.class_images, data=self.form, files=files).status_code

    def import_zip(self, content: bytes) -> int:
        """Send a zip, and have it imported; return the status."""
        sent = self.browser.post(
            f"{self.support_set}import/",
            data=self.form,
            files={"file": ("z.zip", content, "application/zip")},
            headers={"HX-Request": "true"},
        )
        zip_id = re.search(r'name="zip" value="([0-9a-f-]+)"', sent.text)
        if zip_id is None:
            return sent.status_code
        return self.browser.post(f"{self.support_set}import/start/", data={**self.form, "zip": zip_id[1]}).status_code


def large_picture(number: int, width: int = 7000, height: int = 7000) -> bytes:
    """Encode 49 megapixels of one colour but for a dot, in about 50 kB."""
    image = Image.new("L", (width, height), 255)
    image.paste(0, (number % 50 * 90, 80, number % 50 * 90 + 900, 1000))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=9)
    return out.getvalue()


def small_zip(first: int) -> bytes:
    """Pack large pictures of one class into a small zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(first, first + PICTURES_IN_A_ZIP):
            archive.writestr(f"dots/{number}.png", large_picture(number))
    return out.getvalue()


class Attack:
    """What strangers do until they are told to stop, each in a thread of their own."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self._threads = list[threading.Thread]()
        self.statuses = list[int]()

    def keep(self, act: Callable[[], int]) -> None:
        """Do something again and again."""
        self._threads.append(threading.Thread(target=self._repeat, args=(act,), daemon=True))
        self._threads[-1].start()

    def _repeat(self, act: Callable[[], int]) -> None:
        while not self.over.is_set():
            try:
                self.statuses.append(act())
            except (httpx.HTTPError, OSError):
                self.over.wait(0.2)


@contextmanager
def quiet(_site: Site) -> Iterator[None]:
    """Let nobody else come."""
    yield


@contextmanager
def connections(site: Site, data: bytes, *, number: int = CONNECTIONS) -> Iterator[None]:
    """Hold many connections on which so much was sent and no more; what the site closes is opened again."""
    attack, address = Attack(), urlsplit(site.url)
    with ExitStack() as held:

        def hold() -> int:
            connection = socket.create_connection((address.hostname, address.port or 80), timeout=5)
            held.enter_context(closing(connection))
            connection.sendall(data)
            while not attack.over.is_set():
                connection.settimeout(1)
                try:
                    connection.recv(1)
                    if b"static" not in data:
                        return 0
                    attack.over.wait(60)
                except TimeoutError:
                    continue
            return 0

        for _ in range(number):
            attack.keep(hold)
        time.sleep(1)
        try:
            yield
        finally:
            attack.over.set()


@contextmanager
def uploads(site: Site) -> Iterator[None]:
    """Upload large pictures as one guest, many requests at once."""
    stranger, attack = Stranger(site), Attack()
    pictures = [large_picture(number) for number in range(PICTURES_EACH)]
    for _ in range(PARALLEL_UPLOADS):
        attack.keep(partial(stranger.upload, pictures))
    time.sleep(1)
    try:
        yield
    finally:
        attack.over.set()
        print(f"  (the strangers were answered {summary(attack.statuses)})")


@contextmanager
def zips(site: Site) -> Iterator[None]:
    """Import small zips of large pictures as one guest."""
    stranger, contents = Stranger(site), [small_zip(number * PICTURES_IN_A_ZIP) for number in range(ZIPS)]
    statuses = [stranger.import_zip(content) for content in contents]
    print(f"  (the zips were answered {summary(statuses)})")
    yield


@contextmanager
def large_body(site: Site) -> Iterator[None]:
    """Send 300 MB to where one signs in, again and again."""
    attack = Attack()

    def send() -> int:
        body = (b"x" * 1_000_000 for _ in range(300))
        headers = {"Content-Length": "300000000"}
        return httpx.post(f"{site.url}/account/sign-in/", content=body, headers=headers, timeout=60).status_code

    attack.keep(send)
    try:
        yield
    finally:
        attack.over.set()
        print(f"  (the stranger was answered {summary(attack.statuses)})")


def attacks(site: Site) -> dict[str, Callable[[], object]]:
    """Return what is measured, by its name."""
    post = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\na"
    page = httpx.get(site.url).text
    script = re.search(r'src="(/static/[^"]+htmx[^"]*\.js)"', page) or re.search(r'(/static/[^"]+\.css)"', page)
    assert script is not None
    read = f"GET {script[1]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 200
    return {
        "quiet": partial(quiet, site),
        "24 slow headers": partial(connections, site, b"GET / HTTP/1.1\r\nHost: localhost\r\n", number=24),
        "300 slow headers": partial(connections, site, b"GET / HTTP/1.1\r\nHost: localhost\r\n"),
        "300 slow bodies": partial(connections, site, post % b"/account/sign-in/"),
        "100 slow readers": partial(connections, site, read, number=100),
        "300 MB to sign in": partial(large_body, site),
        "28 parallel uploads": partial(uploads, site),
        "5 zips": partial(zips, site),
    }


def measured(person: Person, classifier: str, seconds: float) -> tuple[list[float], list[float]]:
    """Return the seconds that each page and each answer took, the patience of the visitor where there was none."""
    pages, answers = list[float](), list[float]()
    picture, until = drawing(7), time.monotonic() + seconds
    while time.monotonic() < until:
        pages.append(timed(lambda: person.browser.get("/my/").raise_for_status()))
        answers.append(timed(lambda: ask_until_answered(person, classifier, picture)))
    return pages, answers


def timed(act: Callable[[], object]) -> float:
    """Return how long something takes."""
    started = time.perf_counter()
    try:
        act()
    except httpx.HTTPError:
        return PATIENCE
    return time.perf_counter() - started


def ask_until_answered(person: Person, classifier: str, picture: bytes) -> None:
    """Ask what a picture shows, and wait for the answer."""
    _seconds, answer = person.ask(classifier, picture)
    while answer.raise_for_status().json()["status"] in ("queued", "running"):
        time.sleep(0.02)
        answer = person.api.get(f"/predictions/{answer.json()['id']}")


def row(name: str, pages: list[float], answers: list[float]) -> str:
    """Return a line of the table."""
    cells = [f"{value:.2f}" for times in (pages, answers) for value in percentiles(times)]
    return " | ".join([f"| {name:<20}", *(f"{cell:>8}" for cell in cells), f"{len(pages):>4} |"])


def percentiles(times: list[float]) -> tuple[float, float]:
    """Return p50 and p95."""
    cuts = statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else times * 19
    return statistics.median(times), cuts[18]


def summary(statuses: list[int]) -> str:
    """Return how often each status was given."""
    counts = {status: statuses.count(status) for status in sorted(set(statuses))}
    return ", ".join(f"{status} {count} times" for status, count in counts.items()) or "not once"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="how long each attack is watched")
    parser.add_argument("--only", default="", help="attacks whose names hold this word")
    options = parser.parse_args(arguments)
    with running_site() as site:
        person = site.person("visitor")
        person.browser.timeout = person.api.timeout = httpx.Timeout(PATIENCE)
        classes = {name: [drawing(seed + place) for place in range(3)] for seed, name in ((10, "a"), (20, "b"))}
        _set, classifier, _seconds = person.teach(classes, "characters")
        measured(person, classifier, 2)
        print("|                      | page p50 | page p95 | answer p50 | answer p95 (seconds) | times |")
        for name, attack in attacks(site).items():
            if options.only in name:
                with attack():  # type: ignore[attr-defined]
                    times = measured(person, classifier, options.seconds)
                print(row(name, *times), flush=True)
                time.sleep(5)


if __name__ == "__main__":
    main()
