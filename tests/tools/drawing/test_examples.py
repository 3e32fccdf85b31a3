"""The example pictures that ship are what the program draws."""

import pytest
from PIL import Image, ImageChops, ImageStat

from tools.drawing.examples import draw_picture
from webapp.site.examples.catalogue import EXAMPLES


@pytest.mark.parametrize(("slug", "subject", "name"), [("signs", "kite", "kite-1"), ("fruit", "lemon", "lemon-2")])
def test_drawing_anew_gives_the_same_picture(slug: str, subject: str, name: str) -> None:
    drawn = draw_picture(EXAMPLES[slug], subject, name)
    with Image.open(EXAMPLES[slug].file(name)) as stored:
        difference = ImageChops.difference(drawn, stored.convert("RGB"))
    assert max(ImageStat.Stat(difference).mean) < 4  # what lossy compression takes away, and no more
