"""The data sets that documented commands read, drawn by program and tiny, in the files that the real ones come in."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mlcore.data.datasets import omniglot_sources, orl_faces
from tests.checkpoints.candidates import tiny
from tests.mlcore.faces.drawn import draw_face
from tests.mlcore.faces.people import write_people

SEVERAL_WAYS = 20
"""Classes that an episode of one alphabet takes at most."""

ALPHABETS = {
    "images_background": {"Armenian": SEVERAL_WAYS, "Greek": SEVERAL_WAYS},
    "images_evaluation": {"Tengwar": SEVERAL_WAYS},
}
"""Characters of each alphabet; Armenian is one of those that choose."""

N_CHARACTERS = {part: sum(alphabets.values()) for part, alphabets in ALPHABETS.items()}
VINYALS_LISTS = {"train": "Greek", "val": "Armenian", "test": "Tengwar"}
PHOTO_SIDE = 160
PEOPLE, PICTURES_EACH = 8, 4


def write_all(folder: Path) -> None:
    """Write every data set into a folder of its name, as `DIR` of the documentation, and a tiny checkpoint."""
    write_omniglot(folder / "omniglot")
    write_photos(folder / "grocery_store", n_classes=8, n_each=15)
    write_photos(folder / "few_photos", n_classes=5, n_each=6)
    write_lfw(folder / "faces_lfw_subset")
    write_orl(folder / "faces_orl")
    write_people(folder / "people", n_people=PEOPLE)
    tiny(folder)


def write_omniglot(folder: Path) -> None:
    """Write the packed file, and the lists of Vinyals' split."""
    names = [
        f"{part}/{alphabet}/character{number:02d}"
        for part, alphabets in ALPHABETS.items()
        for alphabet, n in alphabets.items()
        for number in range(1, n + 1)
    ]
    ink = np.stack([_drawings(seed) for seed in range(len(names))])
    (folder / "splits_vinyals").mkdir(parents=True)
    packed = np.packbits(ink.reshape(*ink.shape[:2], -1), axis=2)
    np.savez_compressed(folder / omniglot_sources.PACKED_FILE, ink=packed, names=np.array(names))
    for split, alphabet in VINYALS_LISTS.items():
        lines = [f"{name.partition('/')[2]}/rot000" for name in names if f"/{alphabet}/" in name]
        (folder / "splits_vinyals" / f"{split}.txt").write_text("\n".join(lines), encoding="utf-8")


def _drawings(seed: int) -> NDArray[np.bool_]:
    """Draw a character as ink (20, 105, 105): blocks whose places it fixes, moved a little by each drawer."""
    blocks = np.random.default_rng(seed).random((7, 7)) < 0.3
    pattern = blocks.repeat(omniglot_sources.SIDE // 7, 0).repeat(omniglot_sources.SIDE // 7, 1)
    return np.stack([np.roll(pattern, drawer % 5, 0) for drawer in range(omniglot_sources.N_DRAWERS)])


def write_photos(folder: Path, *, n_classes: int, n_each: int) -> None:
    """Write the Grocery Store photos: one zip, a folder of JPEGs for each class."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "photos_160.zip", "w") as archive:
        for label in range(n_classes):
            draw = np.random.default_rng(label)
            coarse = draw.integers(0, 256, (5, 5, 3))
            for number in range(n_each):
                pixels = (coarse + draw.integers(-20, 21, coarse.shape)).clip(0, 255).astype(np.uint8)
                photo = Image.fromarray(pixels).resize((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BICUBIC)
                archive.writestr(f"class{label}/{number:03d}.jpg", _jpeg(photo))


def write_lfw(folder: Path) -> None:
    """Write the subset of Labeled Faces in the Wild: one zip, a folder of grey JPEGs for each person."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "faces_250_grey.zip", "w") as archive:
        for person in range(PEOPLE):
            face = Image.fromarray(draw_face(seed=person, side=250)).convert("L")
            for number in range(PICTURES_EACH):
                light = 1 - 0.05 * number
                picture = face.point([round(light * value) for value in range(256)])
                archive.writestr(f"Person_{person}/Person_{person}_{number:04d}.jpg", _jpeg(picture))


def write_orl(folder: Path) -> None:
    """Write the packed file of the ORL faces: forty patterns, ten times each under noise."""
    folder.mkdir()
    draw = np.random.default_rng(0)
    people, pictures, height, width = orl_faces.SHAPE
    patterns = draw.integers(40, 216, (people, 1, 7, 4)).repeat(height // 7, 2).repeat(width // 4, 3)
    noisy = patterns + draw.integers(-10, 11, (people, pictures, height, width))
    np.savez_compressed(folder / orl_faces.PACKED_FILE, x=noisy.astype(np.uint8))


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()
