"""After an erase, no byte of a photo, a crop, an embedding or a name is left: looked for wherever the site writes."""

from __future__ import annotations

import base64
import io
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.faces.drawn import drawn_file, grainy_file
from tests.running import made, valkey
from tests.site_client import SiteClient
from tests.stack import Stack, running_site
from webapp.faces.models import EnrolledFace
from webapp.pictures.reader import read_picture

CANARY = "Canaria Zephyrina"
PIECE = 24
"""Bytes of a needle: enough that no other file holds them by chance."""
SECONDS = 60.0
LARGE = 2700
"""Side of a photo whose file is more than 2.5 MB, which Django puts into a temporary file while it is received."""


@pytest.fixture
def site(server_folder: Path, kept_folder: Path) -> Iterator[Stack]:
    """Run a site whose data and temporary files all lie in one folder."""
    folder = made(server_folder / "erasing")
    environment = {"TMPDIR": str(made(folder / "temporary"))}
    with running_site(Stack(folder, valkey(folder), environment=environment), kept_folder) as running:
        yield running


def pieces(content: bytes) -> list[bytes]:
    """Cut a few pieces out of bytes, behind the tables that all JPEGs have in common."""
    places = (len(content) * 3 // 8, len(content) // 2, len(content) * 7 // 8)
    return [content[place : place + PIECE] for place in places]


def stored(photo: bytes) -> bytes:
    """Return a photo as the site stores it: decoded and encoded anew."""
    return read_picture(SimpleUploadedFile("photo.jpg", photo)).file


def crop_of(answer: dict[str, list[dict[str, str]]]) -> str:
    """Return the crop of the first face of an answer, in base64."""
    return answer["faces_a"][0]["crop"].split(",")[1]


def use(client: SiteClient) -> list[bytes]:
    """Compare, remember and recognise people, and return pieces of everything that shows or names them."""
    client.post("/faces/consent?gallery=true")
    photos = {"image_a": grainy_file("ada", LARGE), "image_b": drawn_file("ada", 1)}
    assert len(photos["image_a"]) > 2.5 * 2**20
    compared = client.send("/faces/verify?wait=30", photos)
    person = client.post("/faces/gallery/people", {"name": CANARY})["id"]
    for place in range(3):
        client.upload(f"/faces/gallery/people/{person}/photos?wait=30", {f"{CANARY}.jpg": drawn_file("ada", place)})
    kept = client.get(f"/faces/gallery/people/{person}")["photos"]
    client.delete(f"/faces/gallery/people/{person}/photos/{kept[0]['id']}")
    client.send("/faces/identify?wait=30", {"image": drawn_file("ada", 2)})
    crops = [crop_of(compared)]
    crops += [
        client.get(f"/faces/gallery/people/{person}/photos/{face['id']}")["crop"].split(",")[1] for face in kept[1:]
    ]
    needles = [CANARY.encode()]
    for photo in photos.values():
        needles += pieces(photo) + pieces(stored(photo))
    for crop in crops:
        needles += pieces(crop.encode()) + pieces(base64.b64decode(crop))
    return needles


def files_holding(folder: Path, needles: list[bytes]) -> list[str]:
    """Return the files below a folder that hold a needle, with its place among them."""
    return [
        f"{path.relative_to(folder)}: {place}"
        for path in folder.rglob("*")
        if path.is_file()
        for content in [_read(path)]
        for place, needle in enumerate(needles)
        if needle in content
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, OSError):  # deleted meanwhile, or a socket
        return b""


def held_by_broker(site: Stack, needles: list[bytes]) -> list[bytes]:
    """Return the keys of the broker that hold a needle; its dump is written into its folder, to be searched as well."""
    site.broker.client.save()
    keys = list(site.broker.client.scan_iter())
    return [key for key in keys if any(needle in (site.broker.client.dump(key) or b"") for needle in needles)]


def embeddings(site: Stack) -> list[bytes]:
    """Read what is kept of faces in numbers, as another program would."""
    with closing(sqlite3.connect(site.folder / "glimpse.sqlite3")) as database:
        return [
            piece for (row,) in database.execute("SELECT embedding FROM faces_enrolledface") for piece in pieces(row)
        ]


def test_nothing_is_left_after_an_erase(site: Stack) -> None:
    with SiteClient(site, "bystander") as bystander, SiteClient(site, "ada") as ada:
        bystander.post("/faces/consent?gallery=true")
        ben = bystander.post("/faces/gallery/people", {"name": "Ben"})["id"]
        needles = use(ada)
        needles += embeddings(site)
        bystander.upload(f"/faces/gallery/people/{ben}/photos?wait=30", {"ben.jpg": drawn_file("ben")})
        assert any(name.startswith("glimpse.sqlite3") for name in files_holding(site.folder, needles)), (
            "the search finds things"
        )
        ada.delete("/faces/consent")
        until = time.monotonic() + SECONDS
        while left := files_holding(site.folder, needles) + held_by_broker(site, needles):
            assert time.monotonic() < until, left
            time.sleep(1)
        assert len(bystander.get(f"/faces/gallery/people/{ben}")["photos"]) == 1
    assert CANARY not in "".join(path.read_text() for path in site.folder.glob("*.log"))


def test_photos_are_gone_once_they_are_compared(stack: Stack) -> None:
    photo = grainy_file("ben", 600)  # no piece of which another test's picture has by chance
    with SiteClient(stack, "ben") as ben:
        ben.post("/faces/consent")
        assert ben.send("/faces/verify?wait=30", {"image_a": photo, "image_b": drawn_file("ben", 1)})["same"] is True
    assert files_holding(stack.folder, pieces(photo) + pieces(stored(photo))) == []


def test_nothing_is_left_in_postgresql_for_a_query_to_find(
    installed_stack: Stack, django_db_blocker: DjangoDbBlocker
) -> None:
    with SiteClient(installed_stack, "ada") as ada:
        needles = use(ada)
        with installed_stack.orm(django_db_blocker):
            needles += [piece for face in EnrolledFace.objects.all() for piece in pieces(bytes(face.embedding))]
            assert found_by_query(needles)
        ada.delete("/faces/consent")
        with installed_stack.orm(django_db_blocker):
            assert found_by_query(needles) == []
    assert files_holding(installed_stack.folder / "media", needles) == []


def found_by_query(needles: list[bytes]) -> list[str]:
    """Return the tables of which a row, as text, holds a needle; PostgreSQL writes bytes in hexadecimal."""
    tables = connection.introspection.table_names()
    holding = []
    with connection.cursor() as cursor:
        for table in tables:
            out = io.StringIO()
            cursor.execute(f'SELECT "{table}"::text FROM "{table}"')  # noqa: S608
            out.writelines(row[0] for row in cursor.fetchall())
            text = out.getvalue()
            if any(needle.hex() in text or needle.decode(errors="replace") in text for needle in needles):
                holding.append(table)
    return holding
