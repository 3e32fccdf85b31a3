"""Read a picture file as it was meant: its format, which way is up, its colours, its depth, what is transparent.

The one reader of all: training and the command line read with it (`images`), and so does the helper process of the site
(`webapp.pictures.decoder`), which adds limits. So a model sees the colours it learned from. It needs Pillow alone, and
pillow_heif for HEIC; neither torch nor numpy.
"""

import io
import math
import re
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from PIL import ExifTags, Image, ImageChops, ImageCms, features

from mlcore.data.ink import is_blank
from mlcore.data.picture_formats import FORMATS, PictureFormat, in_words
from mlcore.errors import ImageError

Size = tuple[int, int]

_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, RuntimeError, TypeError, ArithmeticError)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_PLAIN = ("L", "LA", "RGB", "RGBA", "CMYK")  # modes of 8 bits a channel that need no conversion
_SAME = 2  # levels of 255 by which a profile may move a colour and still count as sRGB
_VISIBLE = 8  # opacity, 0 to 255, from which a pixel counts as seen
_NEAR_WHITE = 224  # brightness from which nothing shows on white paper
_SHOWN = 0.05  # share of what is seen that has to show on white paper, or else it is laid on black
_SRGB_GAMMA = 2.2  # what sRGB is about
_GAMMA_SLACK = 0.05  # share by which a gamma may differ from that and still count as sRGB
_HEIC_HEADER = 1 << 16  # bytes in which a HEIC file says how it is turned
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SENSOR_DEPTHS = (8, 10, 12, 14, 16)  # bits
_DEPTH_STATED = ("PPM", "JPEG2000")
_WHITES = (1.0, 255.0, 65535.0)  # of fractions
_MIN_IS_WHITE, _BITS, _PHOTOMETRIC = 0, 258, 262  # of TIFF


@dataclass(frozen=True)
class ReadPicture:
    """A picture in sRGB, upright, on a ground that shows it, of mode RGB, or L where it holds no colour.

    format: Pillow's name of it. is_animated: there are further frames or pages, which are not read.
    """

    picture: Image.Image
    format: str
    is_animated: bool


def read(data: bytes, *, draft: Callable[[Size], Size], side: int | None = None) -> ReadPicture:
    """Read the first picture of a file.

    draft: maps the size of a JPEG to the least size that will do, so that a large one can be decoded small. side: the
    longest side of what comes back, px.
    Raise ImageError, with a code, for what is no picture, damaged, of too many pixels, or blank.
    """
    with _errors_in_words(), _open(data) as opened:
        is_animated = bool(getattr(opened, "is_animated", False)) and opened.format != "MPO"
        opened.draft(opened.mode, draft(opened.size))
        picture = _clean(opened, data, side)
        name = opened.format or ""
    if is_blank(picture):
        raise ImageError("There is nothing to see in this picture: all of it has one colour.", code="blank")
    return ReadPicture(picture, name, is_animated)


def size_of(data: bytes) -> Size:
    """Return the width and height, px, that the header of a file tells, undecoded; raise ImageError as `read` does."""
    with _errors_in_words(), _open(data) as opened:
        return opened.size


@contextmanager
def _errors_in_words() -> Iterator[None]:
    """Raise ImageError for what Pillow and its plugins raise."""
    try:
        yield
    except _BOMBS as error:
        raise ImageError(f"This picture has too many pixels: {error}", code="too_many_pixels") from error
    except _ERRORS as error:
        raise ImageError(f"This picture is damaged or incomplete: {error}") from error


def shrunk(picture: Image.Image, side: int) -> Image.Image:
    """Return a picture whose longer side is at most ``side`` px, each side at least one."""
    scale = side / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _open(data: bytes) -> Image.Image:
    """Open a file as the format whose signature it bears; nothing but its header is decoded."""
    entry = next((entry for entry in FORMATS if re.match(entry.signature.encode(), data, re.DOTALL)), None)
    if entry is None:
        raise ImageError(f"This is not a {in_words()} picture.", code="unknown_type")
    _make_ready(entry)
    return Image.open(io.BytesIO(data), formats=[entry.pillow])


def _make_ready(entry: PictureFormat) -> None:
    """Load the plugin of a format; raise ImageError where it is not installed."""
    if entry.pillow == "HEIF":
        try:
            import pillow_heif
        except ImportError as error:
            sentence = "HEIC needs a package: pip install pillow_heif, or save the picture as JPEG."
            raise ImageError(sentence, code="not_installed") from error
        pillow_heif.register_heif_opener(thumbnails=False)
    elif entry.feature and not features.check(entry.feature):
        sentence = f"This build of Pillow cannot read {entry.name}: save the picture as PNG or JPEG."
        raise ImageError(sentence, code="not_installed")


def _clean(opened: Image.Image, data: bytes, side: int | None) -> Image.Image:
    """Decode, and take out what makes one picture differ from file to file."""
    opened.load()
    profile, gamma = opened.info.get("icc_profile"), opened.info.get("gamma")
    if opened.format != "PNG" or opened.info.get("srgb") is not None:
        gamma = None
    picture = _eight_bits(opened)
    if side is not None:  # before it is turned and its colours are converted, which then cost less
        picture = shrunk(picture, side)
    turn = _TURNS.get(_orientation(opened, data))
    picture = picture if turn is None else picture.transpose(turn)
    return _grey_if_grey(_on_ground(_to_srgb(picture, profile, gamma)))


def _orientation(opened: Image.Image, data: bytes) -> int:
    """Return the EXIF orientation still to be applied: Pillow turns TIFF as it decodes, and pillow_heif some HEIC."""
    if opened.format == "TIFF":
        return 1
    if opened.format == "HEIF":
        turned = any(box in data[:_HEIC_HEADER] for box in (b"irot", b"imir"))
        return 1 if turned else opened.info.get("original_orientation") or 1
    orientation: int = opened.getexif().get(ExifTags.Base.Orientation, 1)
    return orientation


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return a mode of 8 bits a channel; deeper ones are scaled, not clipped."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _scaled(picture)
    if picture.has_transparency_data:
        return picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
    if picture.mode in _PLAIN:
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _scaled(picture: Image.Image) -> Image.Image:
    """Map black to 0 and white to 255 in a picture of one deep channel, whole numbers or fractions."""
    tags = getattr(picture, "tag_v2", {})
    values = _finite(picture) if picture.mode == "F" else picture.convert("I")
    low, high = (float(value) for value in values.getextrema())  # type: ignore[arg-type]
    if low < 0:
        black, white = low, high if high > low else low + 1
    elif picture.mode == "F":
        black, white = 0.0, _white_of_fractions(high)
    elif tags.get(_BITS) == (12,):
        black, white = 0.0, 4095.0
    else:
        black, white = 0.0, 65535.0 if _fills_its_bits(picture) else _white_of_a_sensor(high)
    if tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE:
        black, white = white, black
    scale = 255 / (white - black)
    return values.convert("F").point(lambda value: value * scale + (0.5 - black * scale)).convert("L")


def _fills_its_bits(picture: Image.Image) -> bool:
    """Return whether 65535 is white, however dark the picture is.

    So it is where Pillow has scaled it by the depth that the file states, where a profile says what its numbers mean,
    and where 8 bits were made 16, each byte twice.
    """
    if picture.format in _DEPTH_STATED or picture.info.get("icc_profile"):
        return True
    values = picture.tobytes() if picture.mode.startswith("I;16") else b""
    return bool(values) and values[::2] == values[1::2]


def _white_of_a_sensor(high: float) -> float:
    """Return the most that a sensor gives whose largest number is ``high``; cameras put 10, 12 or 14 bits into 16."""
    depth = next((depth for depth in _SENSOR_DEPTHS if high < 1 << depth), int(high).bit_length())
    return float((1 << depth) - 1)


def _white_of_fractions(high: float) -> float:
    """Return a usual white if the largest number is near it, or else that number."""
    return next((white for white in _WHITES if white / 2 <= high <= 1.5 * white), high or 1.0)


def _finite(picture: Image.Image) -> Image.Image:
    """Put 0 where a picture of fractions holds no number."""
    if all(map(math.isfinite, picture.getextrema())):  # type: ignore[arg-type]
        return picture
    values = array("f", picture.tobytes())
    finite = array("f", (value if math.isfinite(value) else 0.0 for value in values))
    return Image.frombytes("F", picture.size, finite.tobytes())


def _to_srgb(picture: Image.Image, profile: bytes | None, gamma: float | None) -> Image.Image:
    """Convert to sRGB by the picture's own profile, or else its gamma, or plainly where it has none that fits.

    gamma: the exponent that the levels were made with, as PNG states it: 0.45 is all but sRGB. What is clear stays so.
    """
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    colours = picture.convert(picture.mode.removesuffix("A")) if alpha else picture
    if profile:
        colours = _converted(colours, profile) or colours
    elif gamma and abs(gamma * _SRGB_GAMMA - 1) > _GAMMA_SLACK:
        colours = colours.point([_srgb_level((level / 255) ** (1 / gamma)) for level in range(256)] * len(colours.mode))
    if colours.mode == "CMYK":
        colours = colours.convert("RGB")
    if alpha:
        colours = colours.convert("RGB")
        colours.putalpha(alpha)
    return colours


def _srgb_level(light: float) -> int:
    """Return the level of 255 that shows an amount of light, 0 to 1, in sRGB (IEC 61966-2-1)."""
    return round(255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055))


def _converted(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """Apply a profile to a picture of mode L, RGB or CMYK; None where it does not fit, or changes nothing."""
    for mode in ("RGB", picture.mode) if picture.mode == "L" else (picture.mode,):
        try:
            transform = _transform(profile, mode)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            continue
        return None if transform is None else transform.apply(picture.convert(mode))
    return None


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what a profile does to colours of a mode on the way to sRGB, or None if that is nothing.

    It is judged by what it does, since names lie: it is tried on colours of all sorts.
    """
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode == "CMYK":
        return transform
    probe = _probe().convert(mode)
    moved = ImageChops.difference(transform.apply(probe), probe.convert("RGB"))
    return None if max(high for _low, high in moved.getextrema()) <= _SAME else transform  # type: ignore[misc]


def _probe() -> Image.Image:
    """Return a picture of every 16th level of each channel with every one of the others, and of all greys."""
    levels = [*range(0, 256, 17)]
    colours = [(red, green, blue) for red in levels for green in levels for blue in levels]
    probe = Image.new("RGB", (64, len(colours) // 64 + 4))
    probe.putdata(colours + [(grey, grey, grey) for grey in range(256)])
    return probe


def _on_ground(picture: Image.Image) -> Image.Image:
    """Lay what is transparent on white paper, or on black where next to nothing would show on white."""
    if picture.mode != "RGBA":
        return picture
    seen = picture.getchannel("A").point(lambda opacity: 255 if opacity >= _VISIBLE else 0)
    shades = picture.convert("RGB").convert("L").histogram(mask=seen)
    is_light = sum(shades[:_NEAR_WHITE]) < _SHOWN * sum(shades)
    ground = Image.new("RGBA", picture.size, "black" if is_light else "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def _grey_if_grey(picture: Image.Image) -> Image.Image:
    """Drop colour channels that hold no colour, so that one drawing has one form."""
    if picture.mode == "RGB" and _is_grey(picture.resize((16, 16), Image.Resampling.NEAREST)) and _is_grey(picture):
        return picture.getchannel("R")
    return picture


def _is_grey(picture: Image.Image) -> bool:
    red, green, blue = (channel.tobytes() for channel in picture.split())
    return red == green == blue
