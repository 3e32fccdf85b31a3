"""A person's own pictures: a folder, or a zip, that holds one folder of pictures for each class.

Splits: `all` takes every class. `train`, `val` and `test` are the class folders below folders of those names, where
there are such folders and no class is in two of them; otherwise the seed deals classes out, 60, 20 and 20 of a hundred.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

import torch

from mlcore.data.datasets import DatasetRequest
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.datasets.class_folders import by_class_at_any_depth, left_out, read_pictures, top_folder
from mlcore.data.datasets.file_tree import FileTree, open_tree
from mlcore.data.names import SPLITS, clean
from mlcore.errors import DatasetError

SIDE = 224
_SHARES = (0.6, 0.2, 0.2)
_LAYOUT = "one folder for each class, with its pictures in it"

Classes = dict[str, list[str]]


def load(request: DatasetRequest) -> PictureDataset:
    """Load one split; each picture is fitted whole into a square."""
    if request.root is None:
        raise DatasetError(f"Name the folder or the zip to read; it should hold {_LAYOUT}.")
    side = SIDE if request.image_size is None else request.image_size
    with open_tree(request.root) as files:
        parts = _parts(files)
        classes = _choose(parts, split=request.split, seed=request.seed)
        if not classes:
            raise DatasetError(f"{files.path} holds no classes for the split {request.split}; expected {_LAYOUT}.")
        pictures = read_pictures(files, classes, side=side)
        used = {file for part in parts.values() for members in part.values() for file in members}
        unused = left_out("not in a class folder", [file for file in files.files if file not in used])
    return PictureDataset(
        name=clean(request.called) or "image_folder",
        split=request.split,
        images=pictures.images,
        labels=pictures.labels,
        class_names=tuple(classes),
        warnings=pictures.warnings + unused,
    )


def _parts(files: FileTree) -> dict[str, Classes]:
    """Return the classes of each split folder, or of all under the name "all" where there are no split folders."""
    top = PurePosixPath(top_folder(files))
    folders = {name: str(top / name) for name in SPLITS if str(top / name) in files.folders}
    parts = dict(zip(folders, by_class_at_any_depth(files, below=list(folders.values())), strict=True))
    whole = {name: classes for name, classes in parts.items() if classes}
    return whole or {"all": by_class_at_any_depth(files, below=[str(top)])[0]}


def _choose(parts: Mapping[str, Classes], *, split: str, seed: int) -> Classes:
    merged: Classes = {}
    for classes in parts.values():
        for name, members in classes.items():
            merged.setdefault(name, []).extend(members)
    merged = dict(sorted(merged.items()))
    if split == "all":
        return merged
    is_class_split = "all" not in parts and sum(map(len, parts.values())) == len(merged)
    return parts.get(split, {}) if is_class_split else _deal(merged, split=split, seed=seed)


def _deal(classes: Classes, *, split: str, seed: int) -> Classes:
    order = torch.randperm(len(classes), generator=torch.Generator().manual_seed(seed)).tolist()
    part = SPLITS.index(split)
    first, last = (round(sum(_SHARES[:n]) * len(order)) for n in (part, part + 1))
    names = list(classes)
    return {names[index]: classes[names[index]] for index in sorted(order[first:last])}
