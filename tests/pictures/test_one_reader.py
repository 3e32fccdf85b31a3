"""Training and the site read one table of files alike: what one takes the other takes, in the same colours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from mlcore.data.images import decode
from mlcore.data.reading import read
from mlcore.errors import ImageError
from tests.pictures.files import BLANK, FAINT, FILES, Colour, colours_of, opened
from tests.recognition.pictures import upload
from webapp.core.errors import UserError
from webapp.pictures import reader

ROOT = Path(__file__).resolve().parents[2]
Read = Callable[[bytes], Image.Image]


@pytest.fixture(autouse=True, scope="module")
def _end_helper() -> Iterator[None]:
    yield
    reader.helper._end()


def by_library(data: bytes) -> Image.Image:
    return Image.fromarray(decode(data, mode="RGB", load_side=448).permute(1, 2, 0).numpy())


def by_site(data: bytes) -> Image.Image:
    return opened(reader.read_picture(upload(data)).file)


READERS = {"training": by_library, "the site": by_site}
both = pytest.mark.parametrize("read_by", READERS.values(), ids=READERS)


def distance(one: Colour, other: Colour) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


@both
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_it_was_meant(name: str, read_by: Read) -> None:
    make, left, right = FILES[name]
    shown = colours_of(read_by(make()))
    assert max(distance(shown[0], left), distance(shown[1], right)) <= 8, shown


@both
@pytest.mark.parametrize("name", BLANK)
def test_a_picture_with_nothing_in_it_is_refused_in_words(name: str, read_by: Read) -> None:
    with pytest.raises((ImageError, UserError), match="nothing to see in this picture"):
        read_by(BLANK[name]())


@pytest.mark.parametrize("name", FAINT)
def test_a_picture_with_little_in_it_is_read(name: str) -> None:
    low, high = by_library(FAINT[name]()).convert("L").getextrema()
    assert high - low > 10  # type: ignore[operator]


def test_the_reader_needs_neither_torch_nor_numpy_nor_django() -> None:
    program = "import sys, mlcore.data.reading; print({'torch', 'numpy', 'django', 'pillow_heif'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_heic_without_its_package_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    heic = FILES["the format HEIC"][0]()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError, match="pip install pillow_heif") as caught:
        read(heic, draft=lambda size: size)
    assert caught.value.code == "not_installed"
