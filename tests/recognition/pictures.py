"""Picture files of every sort, good and bad, made by program."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import pillow_heif
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

RED = (200, 30, 40)
BLUE = (20, 60, 210)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    if kind == "HEIF":
        pillow_heif.register_heif_opener()
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def upload(data: bytes, name: str = "picture.png") -> SimpleUploadedFile:
    """Wrap bytes as an uploaded file."""
    return SimpleUploadedFile(name, data)


def photo(width: int = 160, height: int = 120, seed: int = 0) -> Image.Image:
    """Make a colourful picture that differs for each seed."""
    dice = random.Random(seed)
    small = Image.new("RGB", (8, 6))
    small.putdata([(dice.randrange(256), dice.randrange(256), dice.randrange(256)) for _ in range(48)])
    return small.resize((width, height), Image.Resampling.BICUBIC)


def photo_upload(seed: int = 0, name: str = "") -> SimpleUploadedFile:
    """Upload a colourful JPEG that differs for each seed."""
    return upload(encoded(photo(seed=seed), "JPEG"), name or f"photo-{seed}.jpg")


def drawing(seed: int = 0, side: int = 200) -> Image.Image:
    """Draw a few black strokes on white."""
    dice = random.Random(seed)
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    points = [(dice.randrange(20, side - 20), dice.randrange(20, side - 20)) for _ in range(4)]
    pen.line(points, fill=0, width=max(side // 30, 2))
    return image


def drawing_upload(seed: int = 0, name: str = "") -> SimpleUploadedFile:
    """Upload a drawing that differs for each seed."""
    return upload(encoded(drawing(seed)), name or f"drawing-{seed}.png")


def halves(left: Any, right: Any, mode: str = "RGB", size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Make a picture whose left half has one colour and whose right half another."""
    image = Image.new(mode, size, right)
    image.paste(left, (0, 0, size[0] // 2, size[1]))
    return image


def raw_png(width: int, height: int, *, depth: int, colour: int, rows: list[bytes]) -> bytes:
    """Put together a PNG from its rows, or a lying one whose header claims what the rows do not hold."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


SRGB_CURVE = b"para" + struct.pack(
    ">IHH5i", 0, 3, 0, *(round(n * 65536) for n in (2.4, 0.9479, 0.0521, 0.0774, 0.0405))
)
"""The curve of sRGB (ICC.1:2010, parametric curve type 3)."""
SRGB_PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
P3_PRIMARIES = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))


def gamma_curve(gamma: float) -> bytes:
    """Return a curve that raises to a power (ICC.1:2001, 6.5.3)."""
    return b"curv" + struct.pack(">IIHH", 0, 1, round(gamma * 256), 0)


def swapped_profile() -> bytes:
    """Return the profile of a device whose first channel is green and whose second is red."""
    red, green, blue = SRGB_PRIMARIES
    return colour_profile("Swapped", (green, red, blue), gamma_curve(2.2))


def colour_profile(name: str, primaries: tuple[tuple[float, float, float], ...], curve: bytes) -> bytes:
    """Return the profile of a screen (ICC.1:2001, matrix/TRC)."""
    tags = {key: _xyz(*primary) for key, primary in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    return _profile(name, b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def grey_profile(name: str, curve: bytes) -> bytes:
    """Return the profile of a device with one channel."""
    return _profile(name, b"GRAY", {b"kTRC": curve})


def _profile(name: str, space: bytes, tags: dict[bytes, bytes]) -> bytes:
    title = name.encode() + b"\0"
    described = b"desc" + struct.pack(">II", 0, len(title)) + title + bytes(79)
    shared = {b"desc": described, b"cprt": b"text" + bytes(4) + b"none\0\0\0\0", b"wtpt": _xyz(0.9642, 1.0, 0.8249)}
    tags = shared | tags
    table, body, place = b"", b"", 128 + 4 + 12 * len(tags)
    for key, data in tags.items():
        data += bytes(-len(data) % 4)
        table += key + struct.pack(">II", place + len(body), len(data))
        body += data
    header = (
        struct.pack(">I", place + len(body)) + bytes(4) + b"\x02\x10\0\0mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    )
    header += bytes(28) + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + body


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(value * 65536)) for value in (x, y, z))
