"""The helper process of ``reader``: reads pictures on stdin, writes clean pixels to stdout.

Run away from the site, it adds limits to the reader that training has too (``mlcore.data.reading``), and sees what
lies on plain paper. Its argument is the limits, as JSON. For each picture it reads a line with a length and the most
pixels that are to be decoded, and that many bytes. It answers with a line of JSON: ``{"refused": code}``, or what was
seen and the ``lengths`` of the encoded picture and thumbnail, which follow; in either case the ``cost``, pixels that
were decoded and seconds of processor time. It ends when stdin does, and is killed by ``SIGPROF`` on a picture that
takes more than its seconds of a processor.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import sys
import time
import warnings
from dataclasses import asdict
from typing import Any, BinaryIO

from PIL import Image, PngImagePlugin

from mlcore.data.ink import ink_of
from mlcore.data.reading import ReadPicture, Size, read, shrunk, size_of
from mlcore.errors import ImageError

JPEG_QUALITY = 90
LEAST_SHARE = 0.6
"""How much of the greatest stored size a JPEG must keep to be decoded small."""
MAX_TEXT = 2**20
"""Bytes that the text of a PNG may take."""


def main() -> None:
    """Answer pictures until stdin ends."""
    limits: dict[str, int] = json.loads(sys.argv[1])
    os.nice(max(limits["niceness"] - os.nice(0), 0))
    bound_memory(limits["decoder_bytes"])
    Image.MAX_IMAGE_PIXELS = limits["picture_pixels"]
    PngImagePlugin.MAX_TEXT_CHUNK = MAX_TEXT
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    while line := sys.stdin.buffer.readline():
        length, most_pixels = map(int, line.split())
        data = sys.stdin.buffer.read(length)
        bound_time(limits["decode_seconds"])
        answer(data, most_pixels, limits, sys.stdout.buffer)
        bound_time(0)
        del data


def bound_memory(limit: int) -> None:
    """Bound the memory of the process, in bytes, where the system can hold it to that."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ImportError, OSError, ValueError):
        return


def bound_time(seconds: float) -> None:
    """Let the process be killed after so many seconds of a processor, in the middle of C code too; 0 for no bound."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def answer(data: bytes, most_pixels: int, limits: dict[str, int], out: BinaryIO) -> None:
    """Write the answer for one picture."""
    began, pixels, bodies = time.process_time(), 0, list[bytes]()
    try:
        width, height = size_of(data)
        require_few(width * height, most_pixels, limits["picture_pixels"])
        pixels, side = width * height, limits["stored_side"]
        seen = read(data, draft=lambda size: small_enough(size, side), side=side)
        facts, bodies = stored(seen, limits["thumbnail_side"])
    except ImageError as refusal:
        facts = {"refused": refusal.code}
    except MemoryError:
        facts = {"refused": "out_of_memory"}
    facts["cost"] = {"seconds": time.process_time() - began, "pixels": pixels}
    out.write(json.dumps(facts).encode() + b"\n")
    for body in bodies:
        out.write(body)
    out.flush()


def require_few(pixels: int, now: int, ever: int) -> None:
    """Raise ImageError for a picture of more pixels than may be decoded now, or than any picture may have."""
    if pixels > ever:
        raise ImageError(f"This picture has more than {ever} pixels.", code="too_many_pixels")
    if pixels > now:
        raise ImageError(f"This picture has more than {now} pixels.", code="more_than_now")


def small_enough(size: Size, side: int) -> Size:
    """Return the size to decode a large JPEG at, a half, a quarter or an eighth: often with no shrinking left."""
    longest = max(size)
    divisor = next((shrink for shrink in (8, 4, 2) if longest / shrink >= side * LEAST_SHARE), 1)
    return max(1, size[0] // divisor), max(1, size[1] // divisor)


def stored(seen: ReadPicture, thumbnail_side: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return what was seen of a picture, and the picture and its thumbnail as they are stored."""
    picture, thumbnail = seen.picture, shrunk(seen.picture, thumbnail_side)
    ink = ink_of(thumbnail)
    kind = "PNG" if ink and ink.is_thin and seen.format == "PNG" else "JPEG"
    bodies = [encode(image, kind) for image in (picture, thumbnail)]
    facts = {
        "format": kind,
        "pixel_digest": pixel_digest(picture),
        "width": picture.width,
        "height": picture.height,
        "ink": asdict(ink) if ink else None,
        "is_animated": seen.is_animated,
        "lengths": [len(body) for body in bodies],
    }
    return facts, bodies


def pixel_digest(picture: Image.Image) -> str:
    """Return a digest of the decoded pixels, whatever file they came in."""
    return hashlib.sha256(f"{picture.mode} {picture.size} ".encode() + picture.tobytes()).hexdigest()


def encode(picture: Image.Image, kind: str) -> bytes:
    """Encode pixels alone, without any metadata."""
    out = io.BytesIO()
    picture.info = {}
    picture.save(out, kind, **({"compress_level": 4} if kind == "PNG" else {"quality": JPEG_QUALITY}))
    return out.getvalue()
