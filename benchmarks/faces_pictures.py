"""The LFW subset (Huang et al., "Labeled Faces in the Wild", 2007): 158 people, 10 grey pictures of 250 px each."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from mlcore.faces.alignment import Pixels
from mlcore.faces.detection.detector import Box

FILE = "faces_250_grey.zip"
SIDE = 250  # px
FACE_SIDE = 114  # px: faces were found by the detector of Viola and Jones, and enlarged 2.2 times to these pictures
SMALL_FACE = 60  # px


@dataclass(frozen=True)
class FacePictures:
    """Pictures, and whose face is in the middle of each: people are numbers, in the order of their names."""

    pictures: list[Image.Image]
    labels: np.ndarray


def load_pictures(data_root: Path) -> FacePictures:
    """Read all pictures of the zip, ordered by name."""
    with zipfile.ZipFile(data_root / FILE) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        pictures = [Image.open(archive.open(name)).convert("L") for name in names]
    people = [name.split("/")[0] for name in names]
    return FacePictures(pictures, np.unique(people, return_inverse=True)[1])


def to_pixels(picture: Image.Image) -> Pixels:
    """Return the bytes of a picture, (H, W, 3) uint8."""
    return np.asarray(picture.convert("RGB"))


CONDITIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "upright": lambda picture: picture,
    "turned by 20°": lambda picture: picture.rotate(20, Image.Resampling.BICUBIC),
    "turned by −20°": lambda picture: picture.rotate(-20, Image.Resampling.BICUBIC),
    "dimmed to a quarter": lambda picture: picture.point(lambda value: value // 4),
    "blurred, σ 2 px": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "faces of 60 px": lambda picture: picture.resize(
        (round(SIDE * SMALL_FACE / FACE_SIDE),) * 2, Image.Resampling.LANCZOS
    ),
}


def in_the_middle(box: Box, picture_side: int) -> bool:
    """Return whether a box is the face that LFW's people looked at: in the middle, and between 50 and 230 of 250 px."""
    left, top, right, bottom = (side * SIDE / picture_side for side in box)
    return off_middle(box, picture_side) < 40 and 50 < max(right - left, bottom - top) < 230


def off_middle(box: Box, picture_side: int) -> float:
    """Return how far a box lies from the middle, sideways or upwards, of 250 px."""
    left, top, right, bottom = (side * SIDE / picture_side for side in box)
    return max(abs(left + right - SIDE), abs(top + bottom - SIDE)) / 2
