"""A picture format is described once: whatever is in the list is offered, named, read, and told in the docs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlcore.data import picture_formats
from mlcore.data.picture_formats import FORMATS, PictureFormat
from tests.recognition import pictures
from tests.recognition.conftest import visit
from tests.recognition.pictures import encoded, upload
from tests.refusals import refused
from webapp.accounts.models import Owner
from webapp.faces.services import add_person, give_consent
from webapp.pictures import reader
from webapp.recognition.models import SupportClass
from webapp.recognition.services import create_support_set

ROOT = Path(__file__).resolve().parents[2]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = [path for folder in ("webapp", "templates") for path in (ROOT / folder).rglob("*")]
LISTS = re.compile(r"JPE?G|PNG|WebP|HEI[CF]", re.IGNORECASE)
ICO = PictureFormat(
    name="ICO",
    pillow="ICO",
    signature=r"\x00\x00\x01\x00",
    mime_types=("image/x-icon",),
    suffixes=(".ico",),
)


@pytest.fixture(autouse=True)
def _end_helper() -> Iterator[None]:
    reader.helper._end()
    yield
    reader.helper._end()


@pytest.fixture
def one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a format by one entry."""
    monkeypatch.setattr(picture_formats, "FORMATS", (*FORMATS, ICO))


@pytest.fixture
def pages(one_more: None, db: None) -> dict[str, str]:
    """Return the pages that take pictures or say which are taken, for somebody who has agreed to everything."""
    owner = Owner.objects.create(guest_id="someone")
    give_consent(owner=owner, gallery=True)
    add_person(owner=owner, name="Ada")
    support_set = create_support_set(owner=owner, name="Signs")
    SupportClass.objects.create(support_set=support_set, name="anchor")
    paths = (f"/support-sets/{support_set.pk}/", "/faces/verify/", "/faces/gallery/", "/privacy/")
    return {path.split("/")[-2] if "faces" in path else path.split("/")[1]: text(owner, path) for path in paths}


def text(owner: Owner, path: str) -> str:
    """Return a page as its owner sees it."""
    return visit(owner).get(path, follow=True).content.decode()


def lists_of(text: str) -> list[str]:
    """Return the lines that name three formats or more."""
    return [line.strip() for line in text.splitlines() if len({name.lower() for name in LISTS.findall(line)}) > 2]


def stale(text: str) -> list[str]:
    """Return, for each list of formats in a text that is not the one there is, what it has to be."""
    right = [picture_formats.in_words(conjunction) for conjunction in ("and", "or")]
    return [
        f"write “{right[0]}” (or “… or …”) in: {line}"
        for line in lists_of(text)
        if not any(re.search(rf"(?<!, ){re.escape(words)}\b", line) for words in right)
    ]


def test_the_list_in_words_and_as_the_accept_of_an_input() -> None:
    assert picture_formats.in_words() == "JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP, TIFF, JPEG 2000 or PGM"
    assert picture_formats.accept() == (
        "image/jpeg,image/png,image/webp,image/heic,image/heif,image/avif,image/gif,image/bmp,image/tiff,image/jp2,"
        "image/x-portable-graymap,image/x-portable-pixmap,image/x-portable-bitmap,.jpg,.jpeg,.png,.webp,.heic,.heif,"
        ".avif,.gif,.bmp,.tif,.tiff,.jp2,.j2k,.pgm,.ppm,.pbm"
    )


@pytest.mark.parametrize("name", ["support-sets", "verify", "gallery"])
def test_pages_offer_what_is_in_the_list(name: str, pages: dict[str, str]) -> None:
    offered = set(re.findall(r'data-input="files" accept="([^"]*)"', pages[name]))
    assert offered == {picture_formats.accept()}
    assert {"image/x-icon", ".ico"} <= set(picture_formats.accept().split(","))


@pytest.mark.parametrize("name", ["support-sets", "privacy"])
def test_pages_name_what_is_in_the_list(name: str, pages: dict[str, str]) -> None:
    assert "JPEG 2000, PGM or ICO" in pages[name]


def test_a_refusal_names_what_is_in_the_list(one_more: None) -> None:
    with refused("unusable_picture", match="not a JPEG, .*JPEG 2000, PGM or ICO picture"):
        reader.read_picture(upload(encoded(pictures.photo(), "TGA")))


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_the_docs_name_what_is_in_the_list(path: Path) -> None:
    assert stale(path.read_text()) == []


def test_a_format_that_the_docs_leave_out_is_told_with_the_right_sentence(one_more: None) -> None:
    complaints = [complaint for path in DOCS for complaint in stale(path.read_text())]
    assert complaints
    assert complaints[0].startswith("write “JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP, TIFF, JPEG 2000, PGM and ICO”")


def test_no_other_code_lists_formats() -> None:
    sources = [path for path in CODE if path.suffix in (".py", ".html", ".js")]
    assert {str(path): lists for path in sources if (lists := lists_of(path.read_text()))} == {}


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_the_first_bytes_of_a_format_tell_it_from_the_others(entry: PictureFormat) -> None:
    data = encoded(pictures.photo(), entry.pillow)
    matching = [other for other in FORMATS if re.match(other.signature.encode(), data, re.DOTALL)]
    assert matching == [entry]


def test_the_list_is_read_without_pillow_or_torch() -> None:
    program = "import sys, mlcore.data.picture_formats; print({'PIL', 'torch', 'numpy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
