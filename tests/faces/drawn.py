"""Photos of drawn faces as files: what the real chain finds faces in, though they show nobody."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.recognition.pictures import encoded
from tools.drawing.portraits import photos_of


def drawn(person: str, place: int = 0, side: int = 400) -> Image.Image:
    """Draw one of the three photos of a person."""
    return photos_of(person)[place].draw(side)


def drawn_file(person: str, place: int = 0, side: int = 400, kind: str = "JPEG") -> bytes:
    """Draw a photo, and encode it."""
    return encoded(drawn(person, place, side), kind)


def grainy_file(person: str, side: int) -> bytes:
    """Draw a photo with the grain of a camera, which makes its file as large as a camera's."""
    tile = np.random.default_rng(0).normal(0, 12, (500, 500, 3)).astype(np.int16)
    grain = np.tile(tile, (side // 500 + 1, side // 500 + 1, 1))[:side, :side]
    noisy = np.asarray(drawn(person, 0, side), np.int16) + grain
    return encoded(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)), "JPEG", quality=92)
