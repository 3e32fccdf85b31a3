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


def png_of_16_bit_grey(values: list[int], side: int = 32) -> bytes:
    """Encode vertical bars of 16-bit grey values, written by hand."""
    row = b"".join(struct.pack(">H", values[x * len(values) // side]) for x in range(side))
    return raw_png(side, side, depth=16, colour=0, rows=[row] * side)


def png_of_16_bit_colour(rgb: tuple[int, int, int], side: int = 16) -> bytes:
    """Encode one 16-bit colour, written by hand."""
    return raw_png(side, side, depth=16, colour=2, rows=[struct.pack(">HHH", *rgb) * side] * side)


def raw_png(width: int, height: int, *, depth: int, colour: int, rows: list[bytes]) -> bytes:
    """Put together a PNG from its rows, or a lying one whose header claims what the rows do not hold."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def swapped_profile() -> bytes:
    """Return the profile of a device whose first channel is green and whose second is red (ICC.1:2001, matrix/TRC)."""
    red, green, blue = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)
    gamma = b"curv" + struct.pack(">IIHH", 0, 1, 563, 0)
    named = b"desc" + struct.pack(">II", 0, 8) + b"Swapped\0" + bytes(79)
    tags = {b"desc": named, b"cprt": b"text" + bytes(4) + b"none\0\0\0\0", b"wtpt": _xyz(0.9642, 1.0, 0.8249)}
    tags |= {b"rXYZ": _xyz(*green), b"gXYZ": _xyz(*red), b"bXYZ": _xyz(*blue)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma)
    table, body, place = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", place + len(body), len(data))
        body += data
    header = struct.pack(">I", place + len(body)) + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp"
    header += bytes(28) + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + body


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(value * 65536)) for value in (x, y, z))
