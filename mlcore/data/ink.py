"""See what lies on plain paper, if a picture shows plain paper at all: how thick it is, and in which colour.

It is judged by the ink and never by the paper, however much of that there is. Where there is nothing to see at all, the
picture is blank. Pillow alone.
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
_BLANK_SIDE = 128  # longest side that a picture is looked at to tell whether it is blank, px
_BLANK_RANGE = 4  # levels of 255 that a blank picture spans at most, in each channel
_NOISE_RANGE = 48  # levels of 255 that noise spans at most in a picture of that side
_DARK = 64  # brightness that a covered camera sees at most
_NOISE_SPREADS = (2.5, 8)  # how many times the spread of its middle two thirds noise spans


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


def is_blank(picture: Image.Image) -> bool:
    """Return whether all of a picture has one colour, but for noise."""
    return all(map(_is_even, picture.split()))


def _is_even(channel: Image.Image) -> bool:
    """Return whether a channel is flat, or shows the noise of a covered camera alone.

    That is dark and faint, its levels are spread as those of chance are, which neither a texture's nor a dot's or a
    line's are, and it evens out where much is averaged.
    """
    fine = _averaged(channel, _BLANK_SIDE)
    low, high = fine.getextrema()
    if high - low <= _BLANK_RANGE:  # type: ignore[operator]
        return True
    levels = sorted(fine.tobytes())
    spread = levels[len(levels) * 84 // 100] - levels[len(levels) * 16 // 100]  # two standard deviations of noise
    lower, upper = _NOISE_SPREADS
    if not lower * spread <= levels[-1] - levels[0] <= min(upper * spread, _NOISE_RANGE):
        return False
    low, high = _averaged(channel, _BLANK_SIDE // 8).getextrema()
    return high - low <= _BLANK_RANGE and high <= _DARK  # type: ignore[operator]


def _averaged(channel: Image.Image, side: int) -> Image.Image:
    size = (min(channel.width, side), min(channel.height, side))
    return channel.resize(size, Image.Resampling.BOX)
