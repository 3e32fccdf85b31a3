"""How long people wait for an answer about faces: the whole site through HTTP.

    python -m benchmarks.faces_serving --data-root DIR/faces_lfw_subset

Starts the site as `make run` does, in a folder of its own, and asks it over the loopback. Without a data root the
faces are drawn by program; with one, they are photos of people from its zip, laid on a grey sheet of 640×480. A busy
machine makes every figure worse, so its load is printed first and last; *cpu* is the processor time of all the site's
processes for one request, which load blurs least.
"""

from __future__ import annotations

import argparse
import io
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.faces_pictures import FILE, load_pictures
from benchmarks.running_site import Person, Site, running_site
from benchmarks.serving import Row, machine, p50, p95, timed
from tools.drawing.portraits import photos_of

PHOTOS_EACH = 20


def sheet(face: Image.Image, width: int, height: int, grain: float = 4.0) -> bytes:
    """Lay a face on a grey sheet with the grain of a camera, and encode it as one does."""
    page = Image.new("RGB", (width, height), (120, 125, 130))
    side = min(width, height)
    page.paste(face.convert("RGB").resize((side, side), Image.Resampling.BICUBIC), ((width - side) // 2, 0))
    noise = np.random.default_rng(0).normal(0, grain, (height, width, 3)).astype(np.float32)
    out = io.BytesIO()
    Image.fromarray((np.asarray(page) + noise).clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


def faces(root: Path | None) -> Iterator[Image.Image]:
    """Yield faces, person after person: drawn ones over and over, or those of the archive."""
    if root is None:
        while True:
            yield from (portrait.draw() for name in ("ada", "ben") for portrait in photos_of(name))
    yield from load_pictures(root).pictures


def send(person: Person, path: str, photos: dict[str, bytes]) -> dict[str, Any]:
    """Ask about photos, and return the answer; no face in one of them is an answer too."""
    files = {name: (f"{name}.jpg", data) for name, data in photos.items()}
    answer = person.api.post(f"/faces/{path}", params={"wait": 30}, files=files)
    assert answer.status_code in (200, 422), answer.text
    content: dict[str, Any] = answer.json()
    return content


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is measured; seconds_apart: from one question to the next, as a person may ask 60 a minute."""

    rounds: int
    gallery: int
    large_side: int
    seconds_apart: float


@dataclass(frozen=True)
class Work:
    """What is asked, over and over, and within how many milliseconds it should be answered."""

    what: str
    ask: Callable[[int], object]
    bar: float | None = None


def measured(site: Site, effort: Effort, rounds: int, *works: Work) -> list[Row]:
    """Ask so many times after one that does not count, all in turn, so that what else goes on touches all alike."""
    taken: list[list[tuple[float, float]]] = [[] for _ in works]
    for place in (0, *range(rounds)):
        for work, times in zip(works, taken, strict=True):
            before = site.cpu_seconds()
            seconds = timed(lambda: work.ask(place))  # noqa: B023
            time.sleep(max(0.0, effort.seconds_apart / len(works) - seconds))
            times.append((seconds, site.cpu_seconds() - before))
    return [line(work, times[1:]) for work, times in zip(works, taken, strict=True)]


def line(work: Work, taken: list[tuple[float, float]]) -> Row:
    """Make the line of the table of so many times: seconds until the answer, seconds of the processors."""
    waited, cpu = zip(*taken, strict=True)
    note = f"p95 {p95(waited):.0f} ms; cpu {1000 * sum(cpu) / len(cpu):.0f} ms"
    return Row(work.what, p50(waited), "ms", work.bar, note)


def fill_gallery(site: Site, size: int) -> None:
    """Put random embeddings into the gallery of who agreed last, twenty to a person."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(size, 128)).astype("<f4")
    numbers /= np.linalg.norm(numbers, axis=1, keepdims=True)
    now, later = "2026-01-01 00:00:00", "2999-01-01 00:00:00"
    people = [uuid.uuid4().hex for _ in range(0, size, PHOTOS_EACH)]
    with closing(sqlite3.connect(site.data_folder / "glimpse.sqlite3", timeout=20)) as database, database:
        [owner] = database.execute("SELECT owner_id FROM faces_consent ORDER BY given DESC LIMIT 1").fetchone()
        database.executemany(
            "INSERT INTO faces_person (id, owner_id, name, created, expires) VALUES (?, ?, ?, ?, ?)",
            [(person, owner, f"person {place}", now, later) for place, person in enumerate(people)],
        )
        faces = [
            (uuid.uuid4().hex, people[place % len(people)], row.tobytes(), now) for place, row in enumerate(numbers)
        ]
        database.executemany(
            "INSERT INTO faces_enrolledface (id, person_id, embedding, created) VALUES (?, ?, ?, ?)", faces
        )
        database.executemany(
            "INSERT INTO faces_facecrop (face_id, jpeg) VALUES (?, ?)", [(face, bytes(5000)) for face, *_ in faces]
        )


def rows(site: Site, root: Path | None, effort: Effort) -> Iterator[Row]:
    """Measure comparisons, a large photo, and galleries of one photo and of many in turn."""
    person, rounds = site.person("verifier"), effort.rounds
    person.api.post("/faces/consent", params={"gallery": "true"}).raise_for_status()
    some = [face for face, _ in zip(faces(root), range(rounds + 1), strict=False)]
    small = [sheet(face, 640, 480) for face in some]

    def compare(first: Callable[[int], bytes]) -> Callable[[int], object]:
        return lambda n: send(person, "verify", {"image_a": first(n), "image_b": small[n + 1]})

    large = sheet(some[0], effort.large_side, effort.large_side, grain=10.0)
    title = f"verify {effort.large_side**2 / 1e6:.0f} MP ({len(large) / 2**20:.0f} MB) with 640x480, p50"
    blank = sheet(Image.new("RGB", (8, 8), (90, 120, 90)), 640, 480)
    yield from measured(
        site, effort, rounds, Work("verify two photos of 640x480, p50", compare(lambda n: small[n]), bar=700)
    )
    yield from measured(
        site, effort, max(min(3, rounds), rounds // 6), Work(title, compare(lambda _n: large), bar=3000)
    )
    nobody = Work("detect, 640x480 without a face, p50", lambda _n: send(person, "detect", {"image": blank}))
    yield from measured(site, effort, rounds, nobody)
    ada = person.api.post("/faces/gallery/people", json={"name": "Ada"}).raise_for_status().json()["id"]
    send_one = {"images": ("one.jpg", small[0])}
    person.api.post(f"/faces/gallery/people/{ada}/photos", params={"wait": 30}, files=send_one).raise_for_status()
    popular = site.person("popular")
    popular.api.post("/faces/consent", params={"gallery": "true"}).raise_for_status()
    fill_gallery(site, effort.gallery)

    def identify(asker: Person) -> Callable[[int], object]:
        return lambda n: send(asker, "identify", {"image": small[n]})

    alone, among = measured(
        site,
        effort,
        rounds,
        Work("identify among 1 embedding, p50", identify(person)),
        Work(f"identify among {effort.gallery:,} embeddings, p50", identify(popular)),
    )
    yield from (alone, replace(among, bar=alone.value + 20))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, default=None, help=f"the folder that holds {FILE}")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--gallery", type=int, default=10_000, help="embeddings of the large gallery")
    parser.add_argument("--large-side", type=int, default=5000, help="of the large photo, in px")
    parser.add_argument("--seconds-apart", type=float, default=1.2, help="from one question to the next")
    options = parser.parse_args(arguments)
    effort = Effort(
        rounds=options.rounds,
        gallery=options.gallery,
        large_side=options.large_side,
        seconds_apart=options.seconds_apart,
    )
    print(f"before: {machine()}", flush=True)
    with running_site() as site:
        for row in rows(site, options.data_root, effort):
            print(row, flush=True)
    print(f"after:  {machine()}")


if __name__ == "__main__":
    main()
