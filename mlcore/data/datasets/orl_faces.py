"""The ORL faces, also called AT&T's: Samaria & Harter, "Parameterisation of a stochastic model for human face
identification" (WACV 1994).

40 people, 10 grey pictures of each, 112 x 92 px, frontal, before a dark background. Persons 1 to 20 are for training,
of whom the last five choose; persons 21 to 40 are for the test, so that nobody is in two splits.
"""

import re
import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mlcore.data.datasets import DatasetRequest
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.datasets.class_folders import by_class
from mlcore.data.datasets.file_tree import FileTree, open_tree
from mlcore.data.images import decode
from mlcore.errors import DatasetError, ImageError

PEOPLE = {"train": range(15), "val": range(15, 20), "test": range(20, 40)}
SHAPE = (40, 10, 112, 92)  # people, pictures of each, height, width
PACKED_FILE = "orl_faces_uint8.npz"

_GET_IT = (
    "It was published by AT&T Laboratories Cambridge as att_faces.zip, folders s1 to s40 of ten PGM files each; "
    f"{PACKED_FILE} holds the same pictures as one array x, uint8 {SHAPE}"
)

Pixels = NDArray[np.uint8]


def load(request: DatasetRequest) -> PictureDataset:
    """Load the people of one split, (n, 1, 112, 92)."""
    if request.root is None:
        raise DatasetError(f"The ORL faces are read from a folder: name the one that holds them. {_GET_IT}.")
    people = list(PEOPLE[request.split])
    pixels = _read(request.root)[people].reshape(-1, 1, *SHAPE[2:])
    return PictureDataset(
        name="orl_faces",
        split=request.split,
        images=torch.from_numpy(pixels.copy()),
        labels=torch.arange(len(people)).repeat_interleave(SHAPE[1]),
        class_names=tuple(f"person {number + 1}" for number in people),
    )


def _read(root: Path) -> Pixels:
    """Read all people in the order of their numbers, from the packed file, a zip or the folders."""
    for folder in (root, root / "orl_faces", root / "faces_orl"):
        if (folder / PACKED_FILE).is_file():
            return _packed(folder / PACKED_FILE)
    for path in (root, root / "att_faces", root / "orl_faces", root / "att_faces.zip"):
        if path.is_dir() or (path.suffix == ".zip" and path.is_file()):
            with open_tree(path) as files:
                if numbered := _folders(files):
                    return np.stack([np.stack([_picture(files, file) for file in person]) for person in numbered])
    raise DatasetError(f"The ORL faces were not found in {root}. {_GET_IT}.")


def _packed(path: Path) -> Pixels:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            pixels: Pixels = arrays["x"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} is damaged ({error}); copy it again.") from error
    if pixels.shape != SHAPE or pixels.dtype != np.uint8:
        raise DatasetError(f"{path} is damaged: x is {pixels.dtype} {pixels.shape}, not uint8 {SHAPE}; copy it again.")
    return pixels


def _folders(files: FileTree) -> list[list[str]]:
    """Find the files of s1 to s40, in order, at the top or in the one folder that holds them; none if incomplete."""
    tops = {str(Path(folder).parent) for folder in files.folders if re.fullmatch(r"s\d+", Path(folder).name)}
    for top in sorted(tops):
        classes = by_class(files, below="" if top == "." else top)
        people = [_in_order(classes.get(f"s{number + 1}", [])) for number in range(SHAPE[0])]
        if all(len(pictures) == SHAPE[1] for pictures in people):
            return people
    return []


def _in_order(files: list[str]) -> list[str]:
    pictures = [file for file in files if re.fullmatch(r"\d+\.pgm", Path(file).name)]
    return sorted(pictures, key=lambda file: int(Path(file).stem))


def _picture(files: FileTree, file: str) -> Pixels:
    try:
        pixels: Pixels = decode(files.read(file), mode="L", load_side=SHAPE[2])[0].numpy()
    except ImageError as error:
        raise DatasetError(f"{file} in {files.path} cannot be read ({error}); copy it again.") from error
    if pixels.shape != SHAPE[2:]:
        raise DatasetError(f"{file} in {files.path} is {pixels.shape[1]} x {pixels.shape[0]} pixels, not 92 x 112.")
    return pixels
