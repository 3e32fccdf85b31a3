"""Omniglot: Lake, Salakhutdinov & Tenenbaum, "Human-level concept learning through probabilistic program induction",
Science 350 (2015). 1,623 characters of 50 alphabets, each drawn once by 20 people, 105 x 105 pixels.

Splits: `background` (964 characters, 30 alphabets) and `evaluation` (659, 20) are the authors' own.
`background_val` holds out `VALIDATION_ALPHABETS` of the background for choosing; `background_train` is the rest.
`train`, `val`, `trainval` and `test` are Vinyals et al.'s (NeurIPS 2016), which cut through alphabets.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mlcore.datasets import DatasetRequest
from mlcore.datasets.base import PictureDataset
from mlcore.errors import DatasetError

SIDE = 105
N_DRAWERS = 20
PACKED_FILE = "omniglot_105_packbits.npz"
VALIDATION_ALPHABETS = frozenset({"Armenian", "Bengali", "Futurama", "Hebrew", "Sanskrit"})

Pixels = NDArray[np.uint8]


class PackedDrawings:
    """Read the packed file: one bit a pixel (1 is ink), rows of 105 * 105 bits padded to whole bytes."""

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path, allow_pickle=False) as packed:
                self._ink: Pixels = packed["ink"]
                self.characters = [str(name) for name in packed["names"]]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DatasetError(f"{path} is damaged ({error}); copy it again.") from error
        expected = (len(self.characters), N_DRAWERS, (SIDE * SIDE + 7) // 8)
        if self._ink.shape != expected or self._ink.dtype != np.uint8:
            raise DatasetError(f"{path} is damaged: ink has shape {self._ink.shape}, not {expected}; copy it again.")

    def read(self, characters: Sequence[str]) -> Pixels:
        """Give the drawings of these characters, (n, 20, 105, 105), 255 paper and 0 ink."""
        row_of = {character: row for row, character in enumerate(self.characters)}
        pixels = np.empty((len(characters), N_DRAWERS, SIDE, SIDE), dtype=np.uint8)
        for index, character in enumerate(characters):
            bits = np.unpackbits(self._ink[row_of[character]], axis=1, count=SIDE * SIDE)
            pixels[index] = (1 - bits.reshape(N_DRAWERS, SIDE, SIDE)) * np.uint8(255)
        return pixels


def load(request: DatasetRequest) -> PictureDataset:
    """Load one split; classes are `Alphabet/characterNN`, groups are alphabets, authors are drawers."""
    root = request.root
    if root is None:
        raise DatasetError("Omniglot needs a folder to be read from.")
    folder = next((f for f in (root, root / "omniglot") if (f / PACKED_FILE).is_file()), None)
    if folder is None:
        raise DatasetError(f"Omniglot was not found in {root}: expected {PACKED_FILE}.")
    drawings = PackedDrawings(folder / PACKED_FILE)
    characters = select(drawings.characters, split=request.split, folder=folder)
    return _dataset(drawings.read(characters), characters, split=request.split)


def select(characters: Sequence[str], *, split: str, folder: Path) -> list[str]:
    """Choose the characters of a split from names like `images_background/Greek/character01`."""
    if split in ("train", "val", "trainval", "test"):
        listed = _vinyals(folder / "splits_vinyals" / f"{split}.txt")
        return [character for character in characters if character.partition("/")[2] in listed]
    part, _, half = split.partition("_")
    chosen = [character for character in characters if character.startswith(f"images_{part}/")]
    if half:
        held_out = half == "val"
        chosen = [c for c in chosen if (c.split("/")[1] in VALIDATION_ALPHABETS) == held_out]
    return chosen


def _vinyals(path: Path) -> set[str]:
    if not path.is_file():
        raise DatasetError(f"The list of characters {path} is missing.")
    return {line.rpartition("/")[0] for line in path.read_text().split()}


def _dataset(pixels: Pixels, characters: Sequence[str], *, split: str) -> PictureDataset:
    class_names = tuple(character.partition("/")[2] for character in characters)
    alphabets = [name.partition("/")[0] for name in class_names]
    group_names = tuple(dict.fromkeys(alphabets))
    groups = torch.tensor([group_names.index(alphabet) for alphabet in alphabets], dtype=torch.int64)
    authors = groups[:, None] * N_DRAWERS + torch.arange(N_DRAWERS)
    return PictureDataset(
        name="omniglot",
        split=split,
        images=torch.from_numpy(pixels.reshape(-1, 1, SIDE, SIDE)),
        labels=torch.arange(len(characters)).repeat_interleave(N_DRAWERS),
        class_names=class_names,
        groups=groups,
        group_names=group_names,
        authors=authors.flatten(),
    )
