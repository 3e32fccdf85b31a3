"""See what lies on plain paper, if a picture shows plain paper at all: how thick it is, and in which colour.

It is judged by the ink and never by the paper, however much of that there is. Pillow alone.
"""

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter, ImageStat

SIDE = 96  # of the square that a picture is looked at in, px
PAPER_SPAN = 28  # levels of 255 by which paper may differ from its usual colour, in any channel
INK_SPAN = 60  # levels from the paper's colour, in any channel, from which a pixel is ink
PAPER_SHARE = 0.6  # of a picture, that plain paper covers at least
INK_SHARE = 0.002  # of a picture, that ink covers at least
PEN = 7  # width that a stroke of a pen does not reach, px of SIDE
THIN = 0.2  # share of ink that may lie in thicker parts, for it to be strokes


@dataclass(frozen=True)
class Ink:
    """What lies on plain paper.

    red, green, blue: the mean colour, 0 to 255, as it would look on white paper. solid: the share, 0 to 1, that lies
    deeper than strokes of a pen do, which cut-out things and silhouettes have, and letters have not.
    """

    red: float
    green: float
    blue: float
    solid: float

    @property
    def is_thin(self) -> bool:
        """Return whether it is strokes, as a pen draws them."""
        return self.solid <= THIN


def ink_of(picture: Image.Image) -> Ink | None:
    """Find the ink in a picture of mode L or RGB; None where no one colour fills most of it, or nothing lies on it."""
    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    paper = [_usual(channel) for channel in small.split()]
    channels = ImageChops.difference(small, Image.new("RGB", small.size, tuple(paper))).split()
    distance = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    histogram = distance.histogram()
    if sum(histogram[: PAPER_SPAN + 1]) <= PAPER_SHARE * SIDE**2 or sum(histogram[INK_SPAN:]) <= INK_SHARE * SIDE**2:
        return None
    mask = distance.point(lambda levels: 255 if levels >= INK_SPAN else 0)
    mean = ImageStat.Stat(small, mask).mean
    red, green, blue = (_on_white(level, white) for level, white in zip(mean, paper, strict=True))
    core = mask.filter(ImageFilter.MinFilter(PEN)).filter(ImageFilter.MaxFilter(PEN))
    return Ink(red=red, green=green, blue=blue, solid=round(core.histogram()[255] / mask.histogram()[255], 3))


def _usual(channel: Image.Image) -> int:
    """Return the mean of the levels that most pixels of a channel have, which lie close together."""
    counts = channel.histogram()
    level = max(range(256), key=lambda level: sum(counts[max(level - 12, 0) : level + 13]))
    near = range(max(level - 12, 0), min(level + 13, 256))
    return round(sum(level * counts[level] for level in near) / sum(counts[level] for level in near))


def _on_white(level: float, paper: int) -> float:
    """Return a level of ink as it would be if its paper were white; on dark paper, chalk, it is what it is."""
    return round(min(level * 255 / paper, 255.0) if paper >= 128 else level, 1)
