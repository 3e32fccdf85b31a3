"""Omniglot: Lake, Salakhutdinov & Tenenbaum, "Human-level concept learning through probabilistic program induction",
Science 350 (2015). 1,623 characters of 50 alphabets, each drawn once by 20 people, 105 x 105 pixels.

Splits: `background` (964 characters, 30 alphabets) and `evaluation` (659, 20) are the authors' own.
`background_val` holds VALIDATION_ALPHABETS out of the background, for choosing; `background_train` is the rest.
`train`, `val`, `trainval` and `test` are those of Vinyals et al., "Matching Networks for One Shot Learning" (2016).
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch

from mlcore.data.datasets import DatasetRequest, omniglot_sources
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.datasets.file_tree import open_tree
from mlcore.data.datasets.omniglot_sources import N_DRAWERS, PACKED_FILE, SIDE, Pixels, Source
from mlcore.data.torchvision_ops import torchvision_module
from mlcore.errors import DatasetError

N_CHARACTERS = {"images_background": 964, "images_evaluation": 659}
VALIDATION_ALPHABETS = frozenset({"Armenian", "Bengali", "Futurama", "Hebrew", "Sanskrit"})
VINYALS_SPLITS = frozenset({"train", "val", "trainval", "test"})
VINYALS_FOLDER = "splits_vinyals"
_SUBFOLDERS = ("", "omniglot", "omniglot-py", "python", "omniglot/python")  # the third is torchvision's own

_GET_IT = (
    "Download images_background.zip and images_evaluation.zip from "
    "https://github.com/brendenlake/omniglot/tree/master/python, or let it be downloaded"
)
_GET_LISTS = (
    "https://github.com/jakesnell/prototypical-networks/tree/master/data/omniglot/splits/vinyals has it; "
    "the splits background and evaluation need no lists"
)


def load(request: DatasetRequest) -> PictureDataset:
    """Load one split; classes are `Alphabet/characterNN`, groups are alphabets, authors are drawers."""
    if request.root is None:
        raise DatasetError(f"Omniglot is read from a folder: name the one that holds it. {_GET_IT}.")
    folders = [request.root / name for name in _SUBFOLDERS]
    parts = _parts(request.split)
    missing = [part for part in parts if not _find(folders, part)]
    if missing and request.download:
        _download(request.root, missing)
    with ExitStack() as opened:
        source = _open(folders, parts, root=request.root, opened=opened)
        characters = _select(sorted(source), split=request.split, folders=folders)
        pixels = np.empty((len(characters), N_DRAWERS, SIDE, SIDE), dtype=np.uint8)
        for row, character in enumerate(characters):
            pixels[row] = source[character]()
    return _dataset(pixels, characters, split=request.split)


def _parts(split: str) -> list[str]:
    """Name the authors' parts that a split draws on."""
    return [part for part in N_CHARACTERS if split in VINYALS_SPLITS or split.startswith(part.removeprefix("images_"))]


def _find(folders: Iterable[Path], part: str) -> Path | None:
    """Find what holds a part: the packed file, a zip, or a folder."""
    candidates = (folder / name for folder in folders for name in (PACKED_FILE, part, f"{part}.zip"))
    return next((path for path in candidates if path.exists()), None)


def _open(folders: Sequence[Path], parts: Iterable[str], *, root: Path, opened: ExitStack) -> Source:
    """Open every part, and make sure that it is whole."""
    source: Source = {}
    for part in parts:
        path = _find(folders, part)
        if path is None:
            expected = f"{PACKED_FILE}, {part}.zip or a folder {part}"
            raise DatasetError(f"Omniglot was not found in {root}: expected {expected} there. {_GET_IT}.")
        characters = _read(path, part, opened)
        if len(characters) != N_CHARACTERS[part]:
            count = f"{len(characters)} characters of {part}, not {N_CHARACTERS[part]}"
            raise DatasetError(f"{path} is incomplete: it holds {count}. {_GET_IT}.")
        source |= characters
    return source


def _read(path: Path, part: str, opened: ExitStack) -> Source:
    if path.name == PACKED_FILE:
        return {name: read for name, read in omniglot_sources.packed(path).items() if name.startswith(f"{part}/")}
    return omniglot_sources.tree(opened.enter_context(open_tree(path)), part=part)


def _select(characters: Sequence[str], *, split: str, folders: Iterable[Path]) -> list[str]:
    """Choose the characters of a split from names like `images_background/Greek/character01`."""
    if split in VINYALS_SPLITS:
        return _listed(characters, _vinyals_list(folders, split))
    if "_" not in split:
        return list(characters)
    held_out = split == "background_val"
    return [c for c in characters if (c.split("/")[1] in VALIDATION_ALPHABETS) == held_out]


def _vinyals_list(folders: Iterable[Path], split: str) -> Path:
    paths = [folder / VINYALS_FOLDER / f"{split}.txt" for folder in folders]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise DatasetError(f"The list of Omniglot's split {split} is missing: expected {paths[0]}. {_GET_LISTS}.")
    return path


def _listed(characters: Sequence[str], path: Path) -> list[str]:
    """Keep the characters on a list whose lines are `Alphabet/characterNN/rotDDD`."""
    listed = {line.rpartition("/")[0] for line in path.read_text(encoding="utf-8", errors="replace").split()}
    chosen = [character for character in characters if character.partition("/")[2] in listed]
    unknown = listed.difference(character.partition("/")[2] for character in chosen)
    if unknown or not chosen:
        wrong = f"Omniglot has no character {min(unknown)!r}" if unknown else "it is empty"
        raise DatasetError(f"The list {path} is damaged: {wrong}. {_GET_LISTS}.")
    return chosen


def _download(root: Path, parts: Iterable[str]) -> None:
    datasets = torchvision_module("torchvision.datasets")
    for part in parts:
        try:
            datasets.Omniglot(str(root), background=part == "images_background", download=True)
        except (OSError, RuntimeError) as error:
            raise DatasetError(f"Omniglot could not be downloaded to {root} ({error}). {_GET_IT} later.") from error


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
