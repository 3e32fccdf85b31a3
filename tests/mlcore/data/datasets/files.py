"""Small data sets on disk, made by program in the layouts that the real ones have."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from mlcore.data.datasets.omniglot_sources import N_DRAWERS, SIDE, Pixels

CHARACTERS = (
    "images_background/Armenian/character01",
    "images_background/Greek/character01",
    "images_background/Greek/character02",
    "images_evaluation/Tengwar/character01",
    "images_evaluation/Tengwar/character02",
)


def drawing(character: str, drawer: int) -> Pixels:
    """Draw a rectangle whose place tells the character and whose size tells the drawer (1..20): 0 ink, 255 paper."""
    pixels = np.full((SIDE, SIDE), 255, dtype=np.uint8)
    place = 10 * CHARACTERS.index(character)
    pixels[place : place + 5, : 5 * drawer] = 0
    return pixels


def png(pixels: Pixels) -> bytes:
    """Encode as Omniglot's own files are: one bit a pixel."""
    stream = io.BytesIO()
    Image.fromarray(pixels).convert("1").save(stream, "PNG")
    return stream.getvalue()


def jpeg(colour: str, size: tuple[int, int] = (84, 84)) -> bytes:
    """Encode a picture of one colour with a white corner, lest it be blank."""
    stream = io.BytesIO()
    picture = Image.new("RGB", size, colour)
    picture.paste("white", (size[0] * 3 // 4, size[1] * 3 // 4, *size))
    picture.save(stream, "JPEG")
    return stream.getvalue()


def omniglot_files(characters: Iterable[str] = CHARACTERS) -> dict[str, bytes]:
    """Give the official files, path -> bytes."""
    return {
        f"{character}/{number:04d}_{drawer:02d}.png": png(drawing(character, drawer))
        for number, character in enumerate(characters)
        for drawer in range(1, N_DRAWERS + 1)
    }


def write_folder(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_packed(path: Path, characters: Iterable[str] = CHARACTERS) -> Path:
    """Write the packed form of Omniglot."""
    names = list(characters)
    ink = np.array([[drawing(name, drawer + 1).ravel() == 0 for drawer in range(N_DRAWERS)] for name in names])
    np.savez_compressed(path, ink=np.packbits(ink, axis=2), names=np.array(names))
    return path
