"""The forms that Omniglot comes in: one packed file, the authors' two zips, or the folders in them.

A source maps a character, such as `images_background/Greek/character01`, to a function that reads its 20 drawings,
(20, 105, 105) uint8, 255 paper and 0 ink. Drawing k of every character of an alphabet is by the same person.
"""

import re
import zipfile
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcore.data.datasets.file_tree import FileTree
from mlcore.data.images import decode
from mlcore.errors import DatasetError, ImageError

SIDE = 105
N_DRAWERS = 20
PACKED_FILE = "omniglot_105_packbits.npz"

Pixels = NDArray[np.uint8]
Source = dict[str, Callable[[], Pixels]]

_DRAWING = re.compile(r"(?:^|/)(?P<character>[^/]+/character\d+)/\d+_(?P<drawer>\d+)\.png$")


def packed(path: Path) -> Source:
    """Read the packed file: an array `ink` of one bit a pixel (1 is ink) and the characters' `names`."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            ink, names = arrays["ink"], arrays["names"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} is damaged ({error}); copy it again.") from error
    expected = (len(names), N_DRAWERS, (SIDE * SIDE + 7) // 8)
    if ink.shape != expected or ink.dtype != np.uint8:
        raise DatasetError(f"{path} is damaged: ink is {ink.dtype} {ink.shape}, not uint8 {expected}; copy it again.")
    return {str(name): partial(_unpack, bits) for name, bits in zip(names, ink, strict=True)}


def _unpack(bits: Pixels) -> Pixels:
    ink = np.unpackbits(bits, axis=1, count=SIDE * SIDE)
    return ((1 - ink) * np.uint8(255)).reshape(N_DRAWERS, SIDE, SIDE)


def tree(files: FileTree, *, part: str) -> Source:
    """Read the files `Alphabet/characterNN/NNNN_KK.png` of one part, `images_background` or `images_evaluation`."""
    drawings: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for file in files.files:
        if match := _DRAWING.search(file):
            drawings[f"{part}/{match['character']}"][int(match["drawer"])] = file
    return {character: partial(_decode, files, by_drawer) for character, by_drawer in drawings.items()}


def _decode(files: FileTree, by_drawer: dict[int, str]) -> Pixels:
    if sorted(by_drawer) != list(range(1, N_DRAWERS + 1)):
        some = next(iter(by_drawer.values()))
        raise DatasetError(
            f"{files.path} is damaged: beside {some} lie {len(by_drawer)} drawings, not {N_DRAWERS}; copy it again."
        )
    return np.stack([_drawing(files, by_drawer[drawer]) for drawer in sorted(by_drawer)])


def _drawing(files: FileTree, file: str) -> Pixels:
    try:
        pixels: Pixels = decode(files.read(file), mode="L", load_side=SIDE + 1)[0].numpy()
    except ImageError as error:
        raise DatasetError(f"{file} in {files.path} cannot be read ({error}); copy it again.") from error
    if pixels.shape != (SIDE, SIDE):
        raise DatasetError(
            f"{file} in {files.path} is {pixels.shape[1]} x {pixels.shape[0]} pixels, not {SIDE} x {SIDE}."
        )
    return pixels
