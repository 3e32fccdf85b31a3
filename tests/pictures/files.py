"""One table of picture files, made in code: what each shows in its left half and in its right half."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

from PIL import Image, ImageCms, ImageDraw

from mlcore.data.picture_formats import FORMATS
from tests.recognition.pictures import (
    BLUE,
    P3_PRIMARIES,
    RED,
    SRGB_CURVE,
    SRGB_PRIMARIES,
    colour_profile,
    encoded,
    gamma_curve,
    grey_profile,
    halves,
    raw_png,
)

Colour = tuple[int, int, int]
Row = tuple[Callable[[], bytes], Colour, Colour]

GREY, DARK = (128, 128, 128), (16, 16, 16)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
SIZE = (48, 32)
LINEAR = colour_profile("sRGB IEC61966-2.1 (linear)", SRGB_PRIMARIES, gamma_curve(1.0))
SCREEN = colour_profile("Screen", SRGB_PRIMARIES, SRGB_CURVE)
NAN = float("nan")
P3 = colour_profile("Display P3", P3_PRIMARIES, SRGB_CURVE)
UPRIGHT = {"JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF"}
"""Formats that say which way is up."""
SUBSAMPLED = {"JPEG", "WEBP", "HEIF", "AVIF"}


def two(left: Any, right: Any, mode: str = "RGB", kind: str = "PNG", **options: Any) -> Callable[[], bytes]:
    """Return what makes the file of two colours beside each other."""
    return lambda: encoded(halves(left, right, mode, SIZE), kind, **options)


def turned(kind: str) -> bytes:
    """Write a file that lies on its side and says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = halves(RED, BLUE, size=SIZE).transpose(Image.Transpose.ROTATE_90)
    return encoded(lying, kind, exif=exif)


def grey_tiff(left: float, right: float, *, letter: str, bits: int, kind: int = 1, white_is: int = 1) -> bytes:
    """Write a TIFF of one channel by hand; kind: 1 whole numbers, 2 signed ones, 3 fractions (TIFF 6.0, 339)."""
    width, height = SIZE
    row = [left] * (width // 2) + [right] * (width // 2)
    body = b"".join(struct.pack(f"<{width}{letter}", *row) for _ in range(height))
    return tiff(body, bits=bits, kind=kind, white_is=white_is)


def twelve_bit_tiff(left: int, right: int) -> bytes:
    """Write a TIFF of 12 bits a pixel, two pixels in three bytes."""
    width, height = SIZE
    pair = [(value << 12 | value).to_bytes(3, "big") for value in (left, right)]
    return tiff((pair[0] * (width // 4) + pair[1] * (width // 4)) * height, bits=12)


def tiff(body: bytes, *, bits: int, kind: int = 1, white_is: int = 1) -> bytes:
    """Put a TIFF of one channel together."""
    width, height = SIZE
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: white_is, 273: 8, 277: 1, 278: height, 279: len(body)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in ({**tags, 339: kind}).items())
    start = 8 + len(body) + len(body) % 2
    return (
        b"II*\0" + struct.pack("<I", start) + body + bytes(len(body) % 2) + struct.pack("<H", 10) + entries + bytes(4)
    )


def deep_png(left: Colour, right: Colour) -> bytes:
    """Write a PNG of 16 bits a channel by hand."""
    width, height = SIZE
    row = b"".join(struct.pack(">HHH", *(level * 257 for level in colour)) * (width // 2) for colour in (left, right))
    return raw_png(width, height, depth=16, colour=2, rows=[row] * height)


def several(kind: str) -> bytes:
    """Write a file of three frames or pages."""
    frames = [halves(colour, BLUE, size=SIZE) for colour in (RED, WHITE, BLACK)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def sixteen(kind: str, left: int = 128 * 257, right: int = 16 * 257, **options: Any) -> bytes:
    """Write 16 bits a pixel of grey."""
    deep = halves(left, right, "I", SIZE).convert("I;16")
    return encoded(deep, kind, **options)


def with_gamma(png: bytes, gamma: int) -> bytes:
    """Put a gAMA chunk behind the header of a PNG; gamma: in 100,000ths."""
    chunk = b"gAMA" + struct.pack(">I", gamma)
    return png[:33] + struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]


def twelve_bit_pgm(left: int, right: int) -> bytes:
    """Write a PGM that says that 4095 is white."""
    width, height = SIZE
    row = struct.pack(f">{width}H", *[left] * (width // 2), *[right] * (width // 2))
    return b"P5 %d %d 4095\n" % SIZE + row * height


def lab() -> bytes:
    """Write a TIFF in CIE L*a*b*."""
    source, target = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    picture = ImageCms.profileToProfile(halves(RED, BLUE, size=SIZE), source, target, outputMode="LAB")
    assert picture is not None
    return encoded(picture, "TIFF")


def palette_with_a_clear_colour() -> bytes:
    """Write a palette of which one colour is clear."""
    picture = halves(RED, BLUE, size=SIZE).quantize(4)
    return encoded(picture, "PNG", transparency=picture.getpixel((40, 5)))


FILES: dict[str, Row] = {
    **{f"the format {entry.name}": (two(RED, BLUE, kind=entry.pillow), RED, BLUE) for entry in FORMATS},
    **{f"{kind} on its side": (lambda kind=kind: turned(kind), RED, BLUE) for kind in sorted(UPRIGHT)},
    **{f"{kind} of several frames": (lambda kind=kind: several(kind), RED, BLUE) for kind in ("GIF", "TIFF", "WEBP")},
    "one bit": (two(0, 1, "1"), BLACK, WHITE),
    "a palette": (lambda: encoded(halves(RED, BLUE, size=SIZE).quantize(4)), RED, BLUE),
    "CMYK": (two((0, 255, 255, 0), (255, 255, 0, 0), "CMYK", "JPEG", quality=95), (255, 0, 0), (0, 0, 255)),
    "L*a*b*": (lab, RED, BLUE),
    # depth
    "16 bits of grey, PNG": (lambda: sixteen("PNG"), GREY, DARK),
    "16 bits of grey, TIFF": (lambda: sixteen("TIFF"), GREY, DARK),
    "16 bits of grey, JPEG 2000": (lambda: sixteen("JPEG2000"), GREY, DARK),
    "16 bits of colour": (lambda: deep_png(RED, BLUE), RED, BLUE),
    "16 bits where 0 is white": (lambda: grey_tiff(127 * 257, 239 * 257, letter="H", bits=16, white_is=0), GREY, DARK),
    "10 bits in 16": (lambda: grey_tiff(513, 64, letter="H", bits=16), GREY, DARK),
    "12 bits in 16, PNG": (lambda: sixteen("PNG", 2057, 258), GREY, DARK),
    "12 bits in 16, TIFF": (lambda: sixteen("TIFF", 2057, 258), GREY, DARK),
    "12 bits in 16, signed": (lambda: grey_tiff(2056, 257, letter="h", bits=16, kind=2), GREY, DARK),
    "12 bits in 16 where 0 is white": (
        lambda: grey_tiff(4095 - 2056, 4095 - 257, letter="H", bits=16, white_is=0), GREY, DARK
    ),
    "12 bits in 16, PGM": (lambda: twelve_bit_pgm(2056, 257), GREY, DARK),
    "14 bits in 16": (lambda: grey_tiff(8225, 1029, letter="H", bits=16), GREY, DARK),
    "8 bits made 16, dark": (lambda: sixteen("PNG", 0, 16 * 257), BLACK, DARK),
    "16 bits with a profile, dark": (
        lambda: sixteen("PNG", 0, 16 * 256, icc_profile=grey_profile("Grey", SRGB_CURVE)), BLACK, DARK
    ),
    "16 bits, JPEG 2000, dark": (lambda: sixteen("JPEG2000", 0, 16 * 256), BLACK, DARK),
    "12 bits": (lambda: twelve_bit_tiff(2056, 257), GREY, DARK),
    "32 bits": (lambda: grey_tiff(128 << 23, 16 << 23, letter="I", bits=32), GREY, DARK),
    "32 bits up to 65535": (lambda: grey_tiff(128 * 257, 16 * 257, letter="I", bits=32), GREY, DARK),
    "32 bits up to 255": (lambda: grey_tiff(128, 16, letter="I", bits=32), GREY, DARK),
    "fractions of 1": (lambda: grey_tiff(128 / 255, 16 / 255, letter="f", bits=32, kind=3), GREY, DARK),
    "fractions a little over 1": (lambda: grey_tiff(1.02, 16 / 255, letter="f", bits=32, kind=3), WHITE, DARK),
    "fractions up to 255": (lambda: grey_tiff(128.2, 16.1, letter="f", bits=32, kind=3), GREY, DARK),
    "fractions up to 65535": (lambda: grey_tiff(128 * 257, 16 * 257, letter="f", bits=32, kind=3), GREY, DARK),
    "fractions up to 4095": (lambda: grey_tiff(4095, 257, letter="f", bits=32, kind=3), WHITE, DARK),
    "fractions up to 100": (lambda: grey_tiff(100, 50.2, letter="f", bits=32, kind=3), WHITE, GREY),
    "fractions up to 0.01": (lambda: grey_tiff(0.01, 0.00502, letter="f", bits=32, kind=3), WHITE, GREY),
    "32 bits up to a million": (lambda: grey_tiff(1 << 19, 1 << 16, letter="I", bits=32), GREY, DARK),
    "fractions from -1": (lambda: grey_tiff(1.0, -1.0, letter="f", bits=32, kind=3), WHITE, BLACK),
    "fractions that are no numbers": (lambda: grey_tiff(NAN, 128 / 255, letter="f", bits=32, kind=3), BLACK, GREY),
    # colour profiles
    "Display P3, PNG": (two((200, 30, 30), (40, 60, 200), icc_profile=P3), (219, 0, 6), (34, 61, 208)),
    "Display P3, JPEG": (
        two((200, 30, 30), (40, 60, 200), kind="JPEG", quality=95, icc_profile=P3), (219, 0, 6), (34, 61, 208)
    ),
    "linear though it is called sRGB": (two((55, 55, 55), (200, 30, 30), icc_profile=LINEAR), GREY, (229, 96, 96)),
    "linear and grey": (two(55, 200, "L", icc_profile=grey_profile("Grey", gamma_curve(1.0))), GREY, (229, 229, 229)),
    "grey with a profile of colours": (two(55, 200, "L", icc_profile=LINEAR), GREY, (229, 229, 229)),
    "sRGB by another name": (two(RED, BLUE, icc_profile=SCREEN), RED, BLUE),
    "a profile for other channels": (two(RED, BLUE, icc_profile=grey_profile("Grey", gamma_curve(1.0))), RED, BLUE),
    "a broken profile": (two(RED, BLUE, icc_profile=b"no profile at all"), RED, BLUE),
    "half clear, in Display P3": (two((200, 30, 30, 255), (0, 0, 0, 0), "RGBA", icc_profile=P3), (219, 0, 6), WHITE),
    "linear by its gamma": (lambda: with_gamma(two(55, 200, "L")(), 100000), GREY, (229, 229, 229)),
    "linear by its gamma, half clear": (
        lambda: with_gamma(two((55, 55, 55, 255), (0, 0, 0, 0), "RGBA")(), 100000), GREY, WHITE
    ),
    "as dark as sRGB by its gamma": (lambda: with_gamma(two(RED, BLUE)(), 45455), RED, BLUE),
    "a gamma of nothing": (lambda: with_gamma(two(RED, BLUE)(), 0), RED, BLUE),
    "a profile and a gamma": (
        lambda: with_gamma(two(RED, BLUE, icc_profile=SCREEN)(), 100000), RED, BLUE
    ),
    # transparency
    "black on clear": (two((0, 0, 0, 255), (0, 0, 0, 0), "RGBA"), BLACK, WHITE),
    "white on clear": (two((255, 255, 255, 255), (255, 255, 255, 0), "RGBA"), WHITE, BLACK),
    "white on clear, grey": (two((255, 255), (0, 0), "LA"), WHITE, BLACK),
    "yellow on clear": (two((255, 255, 0, 255), (0, 0, 0, 0), "RGBA"), (255, 255, 0), BLACK),
    "red on clear": (two((*RED, 255), (0, 0, 0, 0), "RGBA"), RED, WHITE),
    "grey of which one level is clear": (two(30, 200, "L", transparency=200), (30, 30, 30), WHITE),
    "a palette of which one colour is clear": (palette_with_a_clear_colour, RED, WHITE),
    "white on clear, WebP": (two((255, 255, 255, 255), (0, 0, 0, 0), "RGBA", "WEBP", lossless=True), WHITE, BLACK),
}  # fmt: skip

BLANK: dict[str, Callable[[], bytes]] = {
    "all white": lambda: encoded(Image.new("RGB", SIZE, "white"), "JPEG"),
    "all black": lambda: encoded(Image.new("L", SIZE)),
    "one colour": lambda: encoded(Image.new("RGB", SIZE, RED), "WEBP"),
    "one pixel": lambda: encoded(Image.new("RGB", (1, 1), RED)),
    "all clear": lambda: encoded(Image.new("RGBA", SIZE, (255, 0, 0, 0))),
    "clear over a picture": lambda: encoded(halves((*RED, 0), (*BLUE, 0), "RGBA", SIZE)),
    "white on opaque white": lambda: encoded(halves((255, 255, 255, 255), (255, 255, 255, 254), "RGBA", SIZE)),
    "a lens cap": lambda: encoded(noise(10), "JPEG"),
    "a covered camera of 640 × 480": lambda: encoded(covered(640, 480, 8), "JPEG"),
    "a covered camera of 1280 × 720": lambda: encoded(covered(1280, 720, 4), "JPEG"),
    "fractions without one": lambda: grey_tiff(NAN, NAN, letter="f", bits=32, kind=3),
}


FAINT: dict[str, Callable[[], bytes]] = {
    "a thin light grey line": lambda: encoded(drawn((20, 30, 150, 120), 225, width=1)),
    "a light grey line on noisy paper": lambda: encoded(drawn((20, 30, 150, 120), 200, width=2, paper=paper(2))),
    "a dot of 3 × 3": lambda: encoded(drawn((100, 100, 102, 100), 0, width=3), "JPEG"),
    "a dot in the dark": lambda: encoded(drawn((100, 100, 102, 100), 120, width=3, paper=covered(200, 200, 2))),
    "a fine dark weave": lambda: encoded(weave()),
}
"""Pictures in which there is little to see, but something."""


def drawn(line: tuple[int, int, int, int], level: int, *, width: int, paper: Image.Image | None = None) -> Image.Image:
    """Draw one line."""
    picture = paper or Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).line(line, fill=level, width=width)
    return picture


def paper(deviation: float) -> Image.Image:
    """Return what a scanner sees of white paper."""
    return covered(200, 200, deviation, mean=245)


def weave() -> Image.Image:
    """Return a dark texture whose averages are all alike."""
    picture = Image.new("L", (200, 200))
    picture.putdata([20 + 40 * ((x // 2 + y // 2) % 2) for y in range(200) for x in range(200)])
    return picture


def covered(width: int, height: int, deviation: float, *, mean: float = 12) -> Image.Image:
    """Return what a covered camera sees: noise of a standard deviation in levels of 255."""
    chance = Random(0)
    levels = (round(chance.gauss(mean, deviation)) for _ in range(width * height))
    return Image.frombytes("L", (width, height), bytes(min(max(level, 0), 255) for level in levels))


def noise(levels: int) -> Image.Image:
    """Return what a covered camera sees: levels of noise, 0 to ``levels``."""
    width, height = 1600, 1200
    return Image.frombytes("L", (width, height), bytes(Random(0).choices(range(levels + 1), k=width * height)))


def colours_of(picture: Image.Image) -> tuple[Colour, Colour]:
    """Return the colours in the middle of the left and of the right half."""
    shown = picture.convert("RGB")
    places = (shown.width // 4, shown.height // 2), (shown.width * 3 // 4, shown.height // 2)
    left, right = (shown.getpixel(place) for place in places)
    return left, right  # type: ignore[return-value]


def opened(data: bytes) -> Image.Image:
    """Open a plain picture."""
    return Image.open(io.BytesIO(data))
