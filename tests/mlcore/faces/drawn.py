"""Faces drawn by program, which the detector finds: nobody's, so that they may lie with the project."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mlcore.faces.alignment import Pixels

SIDE = 240  # of a drawn face's picture, px


def draw_face(*, seed: int = 0, side: int = SIDE) -> Pixels:
    """Draw a shaded face from the front, its features placed by the seed: (side, side, 3) uint8."""
    draw = np.random.default_rng(seed)
    wide, high, eyes, nose, mouth = draw.uniform(-1, 1, 5)
    skin = (200 + 25 * draw.uniform(-1, 1), 160 + 20 * draw.uniform(-1, 1), 135 + 20 * draw.uniform(-1, 1))
    picture = Image.new("RGB", (480, 480), (120, 130, 140))
    pen = ImageDraw.Draw(picture)

    def blob(x: float, y: float, across: float, down: float, colour: tuple[float, ...]) -> None:
        pen.ellipse((x - across, y - down, x + across, y + down), fill=tuple(int(value) for value in colour))

    def shade(amount: float) -> tuple[float, ...]:
        return tuple(value * amount for value in skin)

    half = 105 + 8 * wide
    blob(240, 225, half + 22, 165, (60, 45, 35))
    blob(240, 420, 55, 90, shade(0.7))
    blob(240, 255, half, 145 + 8 * high, shade(0.85))
    blob(240, 250, half - 14, 132 + 8 * high, skin)
    apart = 47 + 4 * eyes
    for x in (240 - apart, 240 + apart):
        blob(x, 222, 36, 24, shade(0.72))
        pen.line((x - 32, 196, x, 187, x + 32, 196), fill=(70, 50, 40), width=10)
        blob(x, 226, 24, 11, (235, 235, 230))
        blob(x, 226, 11, 11, (60, 40, 30))
    tip = 282 + 6 * nose
    pen.polygon((240 - 10, 225, 240 + 10, 225, 240 + 22, tip, 240 - 22, tip), fill=tuple(int(v) for v in shade(0.93)))
    blob(240, tip, 24, 11, shade(0.82))
    for x in (231, 249):
        blob(x, tip + 5, 5, 4, shade(0.4))
    blob(240, 330 + 5 * mouth, 42, 15, (165, 85, 80))
    pen.line((200, 329 + 5 * mouth, 280, 329 + 5 * mouth), fill=(95, 45, 45), width=5)
    blob(240, 365 + 5 * mouth, 34, 10, shade(0.88))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(4)).resize((side, side), Image.Resampling.LANCZOS))
