"""Faces drawn by program: pictures of nobody, to try the comparison with and to test it with.

``python -m tools.drawing.portraits FOLDER`` draws those that ship.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
UNIT = 400
"""Side of the sheet that the lengths below are measured on."""


@dataclass(frozen=True)
class Portrait:
    """How a face looks: colours, lengths in 400ths of the side, and what changes from one photo to the next."""

    skin: Colour = (222, 184, 150)
    hair: Colour = (70, 45, 30)
    iris: Colour = (60, 40, 30)
    lips: Colour = (170, 80, 80)
    width: float = 88
    height: float = 115
    eyes_apart: float = 38
    eye: float = 19
    nose: float = 16
    mouth: float = 32
    brow: float = 8
    beard: bool = False
    glasses: bool = False
    long_hair: bool = False
    wall: Colour = (150, 165, 180)
    light: float = 1.0
    smile: float = 0.0
    shift: tuple[float, float] = (0, 0)

    def draw(self, side: int = UNIT) -> Image.Image:
        """Draw the face on a square sheet."""
        return _Sheet(self, side).finished()


class _Sheet:
    """A sheet with the pen that draws one portrait on it."""

    def __init__(self, portrait: Portrait, side: int) -> None:
        self.face = portrait
        self.scale = side / UNIT
        self.image = Image.new("RGB", (side, side), portrait.wall)
        self.pen = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        """Draw from back to front, then soften every edge as a lens does."""
        self._head()
        for place in (-1, 1):
            self._eye(200 + place * self.face.eyes_apart)
        self._nose()
        self._mouth()
        soft = self.image.filter(ImageFilter.GaussianBlur(3 * self.scale))
        return soft.point(lambda value: min(255, round(value * self.face.light)))

    def _oval(self, x: float, y: float, across: float, down: float, colour: Colour) -> None:
        """Fill an ellipse around a point."""
        dx, dy = self.face.shift
        corners = (x + dx - across, y + dy - down, x + dx + across, y + dy + down)
        self.pen.ellipse([length * self.scale for length in corners], fill=colour)

    def _stroke(self, points: Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        """Draw a line through points."""
        dx, dy = self.face.shift
        moved = [((x + dx) * self.scale, (y + dy) * self.scale) for x, y in points]
        self.pen.line(moved, fill=colour, width=max(1, round(width * self.scale)))

    def _head(self) -> None:
        face = self.face
        fall = 60 if face.long_hair else 0
        self._oval(200, 175 + fall, face.width + 17, 125 + fall, face.hair)
        self._oval(200, 350, 42, 70, shade(face.skin, 0.85))
        self._oval(200, 215, face.width, face.height, face.skin)
        if face.beard:
            self._oval(200, 290, face.width * 0.72, 48, shade(face.hair, 1.2))

    def _eye(self, x: float) -> None:
        face = self.face
        self._oval(x, 190, face.eye + 7, 20, shade(face.skin, 0.8))
        self._oval(x, 193, face.eye, 9, (245, 245, 245))
        self._oval(x, 193, 8.5, 8.5, face.iris)
        self._oval(x, 193, 4, 4, (10, 10, 10))
        self._stroke([(x - 24, 168), (x, 160), (x + 24, 168)], face.hair, face.brow)
        self._stroke([(x - face.eye, 188), (x, 183), (x + face.eye, 188)], (40, 25, 20), 4)
        if face.glasses:
            rim = [(x - 30, 178), (x + 30, 178), (x + 30, 212), (x - 30, 212), (x - 30, 178)]
            self._stroke(rim, (30, 30, 35), 5)

    def _nose(self) -> None:
        skin, wide = self.face.skin, self.face.nose
        for step in range(10):
            self._oval(200, 198 + 5 * step, 6 + (wide - 6) * step / 10, 6, shade(skin, 1.08))
        self._oval(200, 246, wide + 4, 9, shade(skin, 0.8))
        for place in (-1, 1):
            self._oval(200 + place * wide * 0.55, 250, 5, 3, shade(skin, 0.55))

    def _mouth(self) -> None:
        face = self.face
        self._oval(200, 285, face.mouth, 9, face.lips)
        ends = 284 - 9 * face.smile
        self._stroke(
            [(200 - face.mouth, ends), (200, 284 + 3 * face.smile), (200 + face.mouth, ends)], shade(face.lips, 0.5), 3
        )
        self._oval(200, 302, face.mouth * 0.7, 5, shade(face.skin, 0.8))


def shade(colour: Colour, share: float) -> Colour:
    """Make a colour darker or lighter."""
    red, green, blue = (min(255, round(channel * share)) for channel in colour)
    return red, green, blue


PEOPLE: dict[str, Portrait] = {
    "ada": Portrait(long_hair=True, width=82, eyes_apart=36),
    "ben": Portrait(
        skin=(150, 105, 75),
        hair=(25, 20, 18),
        width=98,
        height=122,
        eyes_apart=43,
        eye=16,
        nose=24,
        mouth=40,
        brow=13,
        beard=True,
    ),
    "cleo": Portrait(
        skin=(240, 210, 190),
        hair=(190, 150, 80),
        iris=(80, 110, 150),
        lips=(200, 90, 100),
        width=78,
        height=106,
        eyes_apart=32,
        eye=22,
        nose=11,
        mouth=25,
        brow=5,
        glasses=True,
    ),
}


def photos_of(name: str) -> list[Portrait]:
    """Return a person three times: as they are, smiling in dim light, and before another wall."""
    person = PEOPLE[name]
    return [
        person,
        replace(person, smile=1.0, light=0.8, shift=(12, 6)),
        replace(person, wall=(205, 190, 150), light=1.1, shift=(-10, 0), smile=0.4),
    ]


SHIPPED = (("ada", 0), ("ada", 1), ("ben", 0), ("ben", 1))
"""Whose drawings the page offers, and which."""


def draw_shipped(folder: Path) -> None:
    """Draw the faces that the page offers."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, place in SHIPPED:
        photos_of(name)[place].draw().save(folder / f"{name}-{place + 1}.webp", quality=85, method=6)


if __name__ == "__main__":
    draw_shipped(Path(sys.argv[1]))
