"""A chain that needs no weights, for what is not about recognising: colours stand for people."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.recognition.pictures import encoded

COLOURS = {"ada": (200, 40, 40), "ben": (40, 60, 200), "cleo": (40, 190, 60)}


@dataclass(frozen=True)
class StubFace:
    """A face as the detector gives it."""

    box: tuple[float, float, float, float]
    landmarks: Any
    chip: Any
    confidence: float = 0.9
    notes: tuple[str, ...] = ()


class StubChain:
    """Finds as many faces as the last digit of a photo's width says, and compares the colour in the middle."""

    def read(self, data: bytes) -> Any:
        """Decode."""
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    def detect(self, picture: Any) -> list[StubFace]:
        """Find faces, each further down than the last."""
        points = np.array([[30, 30], [40, 30], [60, 30], [70, 30], [50, 50]], float)
        chip = np.broadcast_to(picture[picture.shape[0] // 2, picture.shape[1] // 2], (150, 150, 3)).copy()
        return [StubFace((20, 20, 80, 80 - n), points, chip) for n in range(picture.shape[1] % 10)]

    def chips(self, faces: list[StubFace]) -> Any:
        """Stack the chips."""
        return np.stack([face.chip for face in faces])

    def embed(self, chips: Any) -> Any:
        """Return the colour in the first three of 128 numbers."""
        numbers = np.zeros((len(chips), 128), np.float32)
        numbers[:, :3] = chips.mean((1, 2)) / 255
        return numbers


def photo(person: str = "ada", *, faces: int = 1, height: int = 120) -> Image.Image:
    """Paint somebody, with so many faces, before a lighter edge."""
    painted = Image.new("RGB", (160 + faces, height), COLOURS[person])
    painted.paste((240, 240, 240), (0, 0, 160 + faces, 8))
    return painted


def photo_upload(
    person: str = "ada", *, faces: int = 1, height: int = 120, name: str = "photo.jpg"
) -> SimpleUploadedFile:
    """Upload somebody."""
    painted = photo(person, faces=faces, height=height)
    return SimpleUploadedFile(name, encoded(painted, "JPEG", quality=95), "image/jpeg")
