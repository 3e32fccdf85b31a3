"""What lies on plain paper is judged by itself: its colour, and whether it is strokes or something solid."""

import pytest
from PIL import Image, ImageDraw

from mlcore.data.ink import Ink, ink_of
from tests.recognition.pictures import drawing, halves, photo


def on(paper: object, ink: object, *, solid: bool = False, side: int = 200) -> Ink:
    """Return what is seen of a ring, or of a disc, of ink on paper."""
    sheet = Image.new("RGB", (side, side), paper)  # type: ignore[arg-type]
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((40, 40, 160, 160), fill=ink if solid else None, outline=ink, width=8)  # type: ignore[arg-type]
    seen = ink_of(sheet)
    assert seen is not None
    return seen


def test_a_drawing_is_thin_and_grey_whatever_its_size_and_its_paper() -> None:
    chalk = Image.eval(drawing(3), lambda level: 255 - level)
    for picture in (drawing(1), drawing(2, 1000), chalk):
        ink = ink_of(picture)
        assert ink is not None
        assert ink.is_thin
        assert ink.red == ink.green == ink.blue


@pytest.mark.parametrize("picture", [photo(), halves("red", "blue"), Image.new("L", (64, 64), 255)])
def test_what_is_no_plain_paper_or_bears_nothing_holds_no_ink(picture: Image.Image) -> None:
    assert ink_of(picture) is None


def test_a_thing_cut_out_is_solid_however_much_paper_is_around_it() -> None:
    assert on("white", "orange", solid=True).solid > 0.8
    assert on("white", "orange").is_thin


def test_the_colour_is_that_of_the_ink_and_not_of_the_paper() -> None:
    red = on("white", (200, 30, 40), solid=True)
    assert (red.red, red.green, red.blue) == pytest.approx((200, 30, 40), abs=6)
    black = on((240, 225, 190), (12, 11, 10), solid=True)
    assert max(black.red, black.green, black.blue) - min(black.red, black.green, black.blue) < 4
