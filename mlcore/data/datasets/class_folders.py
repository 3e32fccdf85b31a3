"""ClassFolders: pictures that lie in one folder a class, read into one stack of squares.

Whatever is left out is said in `warnings`, by name; a class without a single picture is an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import torch
from torch import Tensor

from mlcore.data.datasets.file_tree import FileTree
from mlcore.data.images import decode_square
from mlcore.errors import DatasetError, ImageError

_NAMED = 5  # how many file names a sentence lists before it counts the rest


@dataclass(frozen=True)
class ReadPictures:
    """RGB squares (n, 3, side, side) uint8 with labels (n,) int64, and what was left out."""

    images: Tensor
    labels: Tensor
    warnings: tuple[str, ...]


def top_folder(files: FileTree) -> str:
    """Return the one folder that wraps everything, as zips often have, or "" where there is none."""
    tops = [folder for folder in files.folders if "/" not in folder]
    wraps = len(tops) == 1 and any(folder.startswith(f"{tops[0]}/") for folder in files.folders)
    return tops[0] if wraps else ""


def by_class(files: FileTree, *, below: str = "") -> dict[str, list[str]]:
    """Group the files `below/class/file` by class; both classes and files are sorted, and a class may be empty."""
    base = PurePosixPath(below)
    classes = {folder.name: list[str]() for folder in map(PurePosixPath, files.folders) if folder.parent == base}
    for file in files.files:
        folder = PurePosixPath(file).parent
        if folder.parent == base and folder != base:
            classes[folder.name].append(file)
    return classes


def read_pictures(files: FileTree, classes: Mapping[str, Sequence[str]], *, side: int) -> ReadPictures:
    """Decode the files of every class, labelled in the order given; raise DatasetError for a class without pictures."""
    n = sum(map(len, classes.values()))
    images = torch.empty(n, 3, side, side, dtype=torch.uint8)
    labels: list[int] = []
    unreadable: dict[str, set[str]] = {}
    for label, (class_name, members) in enumerate(classes.items()):
        for file in members:
            try:
                images[len(labels)] = decode_square(files.read(file), mode="RGB", side=side)
            except ImageError as error:
                unreadable.setdefault(_reason(error), set()).add(file)
            else:
                labels.append(label)
        if not labels or labels[-1] != label:
            reasons = [reason for reason, left in unreadable.items() if not left.isdisjoint(members)]
            why = f": {'; '.join(reasons)}" if reasons else ""
            raise DatasetError(f"The class folder {class_name!r} in {files.path} holds no picture to use{why}.")
    warnings = sum((left_out(reason, sorted(left)) for reason, left in unreadable.items()), ())
    return ReadPictures(images[: len(labels)], torch.tensor(labels, dtype=torch.int64), warnings)


def _reason(error: ImageError) -> str:
    """Return why a file is left out, where that tells more than that it cannot be read."""
    if error.code == "blank":
        return "nothing to see in it, all of one colour"
    return str(error).rstrip(".") if error.code == "not_installed" else "not a picture that can be read"


def left_out(reason: str, files: Sequence[str]) -> tuple[str, ...]:
    """Return in one sentence which files were left out and why; nothing if none was."""
    if not files:
        return ()
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return (f"Left out, {reason}: {', '.join(files[:_NAMED])}{more}.",)
