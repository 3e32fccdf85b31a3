"""Two shapes that anything can tell apart, drawn by program."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw

SIDE = 105


def drawings(shape: str, count: int, seed: int = 0) -> dict[str, bytes]:
    """Draw a shape several times, never quite alike, and return PNG files by name."""
    dice = random.Random(f"{shape} {seed}")
    return {f"{shape}-{seed}-{number}.png": _drawn(shape, dice) for number in range(count)}


def _drawn(shape: str, dice: random.Random) -> bytes:
    """Draw a line or a ring in black on white."""
    image = Image.new("L", (SIDE, SIDE), 255)
    pen = ImageDraw.Draw(image)
    shift, margin = dice.randrange(-8, 8), dice.randrange(20, 30)
    if shape == "line":
        pen.line((margin, SIDE // 2 + shift, SIDE - margin, SIDE // 2 - shift), fill=0, width=4)
    else:
        pen.ellipse((margin, margin + shift, SIDE - margin, SIDE - margin + shift), outline=0, width=4)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
