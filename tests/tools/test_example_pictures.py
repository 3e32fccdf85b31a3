"""The example pictures ship, and are what the program draws."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image, ImageChops, ImageStat

from webapp.site.examples.catalogue import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_picture_has_its_file(example: Example) -> None:
    names = [*example.query_names, *(name for names in example.support_names.values() for name in names)]
    assert [name for name in names if not example.file(name).is_file()] == []
    assert len(list(example.file(names[0]).parent.iterdir())) == len(names)


@pytest.mark.parametrize(("slug", "subject", "name"), [("signs", "kite", "kite-1"), ("fruit", "lemon", "lemon-2")])
def test_drawing_anew_gives_the_same_picture(slug: str, subject: str, name: str) -> None:
    from tools.drawing.examples import draw_picture

    drawn = draw_picture(EXAMPLES[slug], subject, name)
    with Image.open(EXAMPLES[slug].file(name)) as stored:
        difference = ImageChops.difference(drawn, stored.convert("RGB"))
    assert max(ImageStat.Stat(difference).mean) < 4  # what lossy compression takes away, and no more


def test_the_pages_of_the_examples_load_no_numpy() -> None:
    program = "import django, sys; django.setup(); import webapp.site.examples.views; sys.exit('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 0
