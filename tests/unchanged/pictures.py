"""Pictures drawn by arithmetic alone: the same whatever the machine, and whichever the version of a drawing library."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

N_CLASSES = 3
Mixture = Sequence[float]
"""How much a picture has of each class."""
SUPPORT: list[Mixture] = [(1, 0, 0), (0.9, 0.1, 0), (0, 1, 0), (0, 0.9, 0.1), (0, 0, 1), (0.1, 0, 0.9)]
LABELS = [0, 0, 1, 1, 2, 2]
QUERIES: list[Mixture] = [(0.5, 0.3, 0.2), (0.3, 0.5, 0.2), (0.15, 0.25, 0.6)]
"""Between two classes, so that answers are less than sure and show whatever moves them."""


def drawing(mixture: Mixture, variant: int, *, side: int = 96, n_points: int = 5) -> Image.Image:
    """Draw a line through the points of the classes, mixed, and a little elsewhere in each variant."""
    points = [np.random.default_rng(label).random((n_points, 2)) for label in range(N_CLASSES)]
    moved = np.random.default_rng(100 + variant).random((n_points, 2)) - 0.5
    corners = (np.tensordot(mixture, points, 1) + 0.04 * moved) * 0.8 * side + 0.1 * side
    y, x = np.mgrid[:side, :side] + 0.5
    distance = np.min([to_segment(x, y, *pair) for pair in pairwise(corners)], axis=0)
    return Image.fromarray(pixels(40 + 200 * (distance - 2.5).clip(0, 1)))


def to_segment(
    x: NDArray[np.float64], y: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far places are from a segment, in pixels."""
    along = end - start
    share = (((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along @ along)).clip(0, 1)
    distance: NDArray[np.float64] = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
    return distance


def photo(mixture: Mixture, variant: int, *, width: int = 160, height: int = 120) -> Image.Image:
    """Draw a striped blob on a shaded ground: colours, stripes and roundness are the classes', mixed."""
    traits = np.tensordot(mixture, [np.random.default_rng(label).random(9) for label in range(N_CLASSES)], 1)
    place = np.random.default_rng(100 + variant).random(2) - 0.5
    y, x = np.mgrid[:height, :width]
    across, down = x / width - 0.5 - 0.2 * place[0], y / height - 0.5 - 0.2 * place[1]
    blob = (0.3 - np.hypot(across, down * (0.5 + 1.5 * traits[6]))).clip(0, 0.05) / 0.05
    stripes = 0.75 + 0.25 * np.sin(2 * np.pi * (4 + 12 * traits[7]) * (across + (traits[8] - 0.5) * down))
    ground = (0.7 + 0.3 * x / width)[..., None] * traits[3:6]
    colours = blob[..., None] * stripes[..., None] * traits[:3] + (1 - blob[..., None]) * ground
    return Image.fromarray(pixels(255 * colours))


def face(variant: int) -> NDArray[np.uint8]:
    """Draw what has the place of a face in an aligned crop: (150, 150, 3), a blob that no detector has to find."""
    mixture = [float(label == variant % N_CLASSES) for label in range(N_CLASSES)]
    return np.asarray(photo(mixture, variant, width=150, height=150))


def pixels(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Round to what a picture holds."""
    return values.round().clip(0, 255).astype(np.uint8)


def file(picture: Image.Image) -> bytes:
    """Return a picture as a PNG file, as a person sends it."""
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


DRAWN: dict[str, Callable[[Mixture, int], Image.Image]] = {"characters": drawing, "photos": photo}
"""What draws pictures for each transform."""
