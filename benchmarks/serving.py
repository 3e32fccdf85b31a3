"""How long people wait: the whole site through HTTP, beside mlcore reading the same bytes in one process.

    python -m benchmarks.serving

Starts the site as `make run` does, in a folder of its own, and asks it over the loopback. Every picture is made by
program. *bare* is mlcore alone, one thread, in this process, while the site stands idle beside it. Each row has its
bar. A busy machine makes every figure worse, so its load is printed first and last; *cpu* is the processor time of all
the site's processes for one request, which load blurs least.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from math import ceil
from pathlib import Path

import httpx
import torch

from benchmarks.running_site import Person, Site, drawing, photo, running_site
from mlcore.checkpoints.card import PRETRAINED
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.data.episode import LabeledSet
from mlcore.data.images import image_to_tensor
from mlcore.methods.base import Classifier, FewShotMethod
from webapp.core.limits import LIMITS

WAYS, SHOTS = 5, 5
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is measured; every field is an option.

    uploads: of large photos at once, `megapixels` each; rest_seconds: how long after them what is held is measured.
    """

    rounds: int = 7
    queries: int = 30
    page_seconds: int = 20
    ask_seconds: int = 60
    pages: int = 1000
    uploads: int = 10
    megapixels: int = 25
    rest_seconds: int = 15


@dataclass
class Row:
    """One line of the table."""

    what: str
    value: float
    unit: str
    bar: float | None
    note: str = ""

    def __str__(self) -> str:
        outcome = "" if self.bar is None else "ok" if self.value <= self.bar else "MISSED"
        bar = "" if self.bar is None else f"<= {self.bar:.0f}"
        return f"{self.what:<44} {self.value:>8.0f} {self.unit:<3} {bar:>9}  {outcome:<7} {self.note}"


class Bare:
    """mlcore alone: the same bytes, one process, one thread."""

    def __init__(self, checkpoint: str, onnx_folder: Path) -> None:
        torch.set_num_threads(1)
        self.method: FewShotMethod = load_checkpoint(PRETRAINED / checkpoint, onnx_folder=onnx_folder)
        assert self.method.card is not None
        self.transform = self.method.card.transform

    @torch.no_grad()
    def learn(self, classes: dict[str, list[bytes]]) -> Classifier:
        """Adapt to uploaded bytes."""
        pictures = [data for of_class in classes.values() for data in of_class]
        labels = [label for label, of_class in enumerate(classes.values()) for _ in of_class]
        images = torch.stack([image_to_tensor(data, self.transform) for data in pictures])
        return self.method.adapt(LabeledSet(images, torch.tensor(labels)))

    def ask(self, classifier: Classifier, picture: bytes) -> None:
        """Answer one picture."""
        classifier.predict(image_to_tensor(picture, self.transform).unsqueeze(0))


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def p50(seconds: Sequence[float]) -> float:
    """Return the median in milliseconds."""
    return statistics.median(seconds) * 1000


def p95(seconds: Sequence[float]) -> float:
    """Return the 95th percentile in milliseconds."""
    return sorted(seconds)[int(len(seconds) * 0.95)] * 1000


def cpu_note(site: Site, before: float, requests: int) -> str:
    """Return how much processor time one request took."""
    return f"cpu {(site.cpu_seconds() - before) / requests * 1000:.0f} ms"


def photos_rows(site: Site, effort: Effort) -> list[Row]:
    """Learn five photos each of five classes, then ask about photos of several sizes."""
    bare, person = Bare("photos", site.data_folder / "onnx"), site.person("photographer")
    classes = {f"class {way}": [photo(1600, 1200, way * 100 + shot) for shot in range(SHOTS)] for way in range(WAYS)}
    adapted = bare.learn(classes)
    rounds = [(timed(lambda: bare.learn(classes)), person.teach(classes, "photos")) for _ in range(effort.rounds)]
    bare_learn, learn = p50([seconds for seconds, _ in rounds]), p50([taught[2] for _, taught in rounds])
    classifier = rounds[-1][1][1]
    rows = [Row("Learn, 5 classes x 5 photos, p50", learn, "ms", 1.5 * bare_learn + 200, f"bare {bare_learn:.0f} ms")]
    for title, size, bound in (
        ("photo query 1600x1200, p50", (1600, 1200), 150),
        ("photo query 640x480, p50", (640, 480), None),
        ("photo query 12 MP (4000x3000), p50", (4000, 3000), None),
    ):
        picture = photo(*size, seed=7)
        before = site.cpu_seconds()
        pairs = [
            (timed(lambda: bare.ask(adapted, picture)), person.ask(classifier, picture)[0])  # noqa: B023
            for _ in range(effort.queries)
        ]
        cpu = cpu_note(site, before, effort.queries)
        alone, served = (p50(seconds) for seconds in zip(*pairs, strict=True))
        note = f"bare {alone:.0f} ms, so + {served - alone:.0f} ms; {cpu}"
        rows.append(Row(title, served, "ms", alone + bound if bound else None, note))
    return rows


def drawing_rows(site: Site, effort: Effort) -> list[Row]:
    """Ask about drawings."""
    person = site.person("scribe")
    classes = {f"sign {way}": [drawing(way * 100 + shot) for shot in range(SHOTS)] for way in range(WAYS)}
    for _ in range(2):  # the first of a new site waits for its workers to start
        _support_set, classifier, seconds = person.teach(classes, "characters")
        person.ask(classifier, drawing(0))
    before = site.cpu_seconds()
    served = [person.ask(classifier, drawing(seed))[0] for seed in range(effort.queries)]
    cpu = cpu_note(site, before, effort.queries)
    return [
        Row("Learn, 5 classes x 5 drawings", seconds * 1000, "ms", None),
        Row("one drawing, p50", p50(served), "ms", 100, f"p95 {p95(served):.0f} ms; {cpu}"),
    ]


def at_rate(per_second: float, seconds: float, work: Callable[[int], float]) -> list[float]:
    """Start the work at a steady rate, whether or not earlier work is done; return how late each ended."""
    begun = time.perf_counter()

    def one(number: int) -> float:
        due = begun + number / per_second
        time.sleep(max(due - time.perf_counter(), 0))
        work(number)
        return time.perf_counter() - due

    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(one, range(int(per_second * seconds))))


def page_rows(site: Site, person: Person, pages: list[str], effort: Effort) -> list[Row]:
    """Read pages at 50 a second, as a signed-in person, then see what the web processes hold."""
    statuses: list[int] = []
    cookies = dict(person.browser.cookies)
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=16)
    with httpx.Client(base_url=site.url, cookies=cookies, timeout=30, limits=limits) as client:

        def read(number: int) -> float:
            statuses.append(client.get(pages[number % len(pages)]).status_code)
            return 0.0

        before = site.cpu_seconds()
        seconds = at_rate(50, effort.page_seconds, read)
        cpu = cpu_note(site, before, len(seconds))
        for number in range(max(effort.pages - len(seconds), 0)):
            read(number)
    bad = sum(status != 200 for status in statuses)
    memory = max(site.web_bytes()) / MEGABYTE
    return [
        Row(
            "pages at 50 requests/s, p95", p95(seconds), "ms", 200, f"p50 {p50(seconds):.0f} ms, not 200: {bad}; {cpu}"
        ),
        Row(f"web process after {len(statuses)} pages", memory, "MB", 150),
    ]


def steady_row(person: Person, classifier: str, effort: Effort) -> Row:
    """Ask twice a second for a minute."""
    statuses: list[int] = []

    def ask(number: int) -> float:
        seconds, answer = person.ask(classifier, drawing(number))
        statuses.append(answer.status_code)
        return seconds

    seconds = at_rate(2, effort.ask_seconds, ask)
    note = f"p50 {p50(seconds):.0f} ms, not 200: {sum(status != 200 for status in statuses)} of {len(statuses)}"
    return Row(f"2 queries/s for {effort.ask_seconds} s, p95", p95(seconds), "ms", 1000, note)


def memory_rows(site: Site, effort: Effort) -> list[Row]:
    """Upload large photos at once, from as many people as may, and watch the web processes with their helpers."""
    width, height = large_size(effort.megapixels)
    large = [photo(width, height, seed) for seed in range(2)]
    people = [site.person(f"uploader-{n}") for n in range(ceil(effort.uploads / LIMITS["uploads_at_once"]))]
    paths = [_path_of_large(person) for person in people]
    before, peak, done = sum(site.web_bytes()), [0], threading.Event()

    def watch() -> None:
        while not done.is_set():
            peak[0] = max(peak[0], sum(site.web_bytes()))
            time.sleep(0.02)

    def upload(number: int) -> int:
        files = [("images", ("large.jpg", large[number % 2]))]
        person, path = people[number % len(people)], paths[number % len(people)]
        return person.api.post(path, data={"class_name": "large"}, files=files).status_code

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(max_workers=effort.uploads) as pool:
        statuses = list(pool.map(upload, range(effort.uploads)))
    done.set()
    watcher.join()
    time.sleep(effort.rest_seconds)
    left = (sum(site.web_bytes()) - before) / MEGABYTE
    note = f"each {len(large[0]) / MEGABYTE:.0f} MB, answers {sorted(set(statuses))}"
    return [
        Row(
            f"{effort.uploads} {effort.megapixels} MP uploads at once, more memory",
            (peak[0] - before) / MEGABYTE,
            "MB",
            500,
            note,
        ),
        Row(f"  of which still held {effort.rest_seconds} s later", left, "MB", 100),
    ]


def _path_of_large(person: Person) -> str:
    """Make a support set, and return the address that takes its pictures."""
    made = person.api.post("/support-sets", json={"name": "Large"}).raise_for_status().json()
    return f"/support-sets/{made['id']}/images"


def large_size(megapixels: int) -> tuple[int, int]:
    """Return width and height of a photo of so many million pixels, 4 to 3."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    return round(height * 4 / 3), height


def machine() -> str:
    """Describe the machine and how busy it is."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{platform.machine()}, {os.cpu_count()} cores, load {load}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for entry in fields(Effort):
        parser.add_argument(f"--{entry.name}".replace("_", "-"), type=int, default=entry.default, help="(%(default)s)")
    effort = Effort(**vars(parser.parse_args(arguments)))
    print(f"before: {machine()}", flush=True)
    with running_site() as site:
        for row in drawing_rows(site, effort):
            print(row, flush=True)
        if (PRETRAINED / "photos").is_dir():
            for row in photos_rows(site, effort):
                print(row, flush=True)
        person = site.person("reader")
        classes = {f"sign {way}": [drawing(way * 100 + shot) for shot in range(SHOTS)] for way in range(WAYS)}
        support_set, classifier, _seconds = person.teach(classes, "characters")
        person.ask(classifier, drawing(1))
        pages = ["/", "/my/", f"/support-sets/{support_set}/", f"/classifiers/{classifier}/", "/privacy/"]
        print(steady_row(person, classifier, effort), flush=True)
        for row in [*page_rows(site, person, pages, effort), *memory_rows(site, effort)]:
            print(row, flush=True)
    print(f"after:  {machine()}")


if __name__ == "__main__":
    main()
