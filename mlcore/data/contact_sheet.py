"""A contact sheet: one picture that shows a few samples of many classes, a strip for each. Needs Pillow alone."""

from collections.abc import Iterable, Sequence

from PIL import Image, ImageOps

SAMPLES = 8  # pictures in a strip
SIDE = 64  # of a sample, px
CLASSES = 20  # strips for each class split


def spread(n: int, limit: int) -> list[int]:
    """Choose at most `limit` of n places, evenly spread."""
    return [place * n // limit for place in range(limit)] if n > limit else list(range(n))


def contact_sheet(strips: Iterable[Sequence[Image.Image]]) -> Image.Image | None:
    """Paste the samples of each class side by side, classes below each other; None if there is no class.

    The sheet is SAMPLES * SIDE px wide, and SIDE px high for each strip; each sample is fitted whole into a square.
    """
    rows = [_strip(samples) for samples in strips]
    if not rows:
        return None
    sheet = Image.new("RGB", (SAMPLES * SIDE, len(rows) * SIDE), "white")
    for place, row in enumerate(rows):
        sheet.paste(row, (0, place * SIDE))
    return sheet


def _strip(samples: Sequence[Image.Image]) -> Image.Image:
    strip = Image.new("RGB", (SAMPLES * SIDE, SIDE), "white")
    for place, sample in enumerate(samples[:SAMPLES]):
        square = ImageOps.pad(sample.convert("RGB"), (SIDE - 4, SIDE - 4), color="white")
        strip.paste(square, (place * SIDE + 2, 2))
    return strip
