"""ClassFolders: pictures that lie in one folder a class, read into one stack of squares.

Whatever is left out is said in `warnings`, by name; a class without a single picture is an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import torch
from torch import Tensor

from mlcore.data.datasets.file_tree import FileTree, UnreadableFile
from mlcore.data.images import decode_square
from mlcore.data.names import class_names, clean
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
    """Group the files `below/class/file` by their class's clean name; both are sorted, and a class may be empty."""
    base = PurePosixPath(below)
    folders = [folder for folder in map(PurePosixPath, files.folders) if folder.parent == base]
    return _grouped(files, {folder: clean(folder.name) for folder in folders})


def by_class_at_any_depth(files: FileTree, *, below: Sequence[str]) -> list[dict[str, list[str]]]:
    """Group files for each folder of `below` as `by_class` does, but look into folders at any depth.

    Which folders are classes, and their names, `class_names` tells, of all at once: a class has one name in each part.
    Raise DatasetError for a name in which nothing can be seen.
    """
    bases = [PurePosixPath(folder) for folder in below]
    holding = {PurePosixPath(file).parent for file in files.files}
    empty = {folder for folder in _leaves(files) - holding if holding.isdisjoint(folder.parents)}
    inside = [folder for folder in holding | empty if not {folder, *folder.parents}.isdisjoint(bases)]
    names = class_names(inside)
    parts = [{folder: name for folder, name in names.items() if base in folder.parents} for base in bases]
    if unseen := next((folder for part in parts for folder, name in part.items() if not name), None):
        raise DatasetError(f"Nothing can be seen of the name of {str(unseen)!a} in {files.path}; rename the folder.")
    return [_grouped(files, part) for part in parts]


def _leaves(files: FileTree) -> set[PurePosixPath]:
    """Return the folders that hold no other."""
    folders = set(map(PurePosixPath, files.folders))
    return folders - {folder.parent for folder in folders}


def _grouped(files: FileTree, names: Mapping[PurePosixPath, str]) -> dict[str, list[str]]:
    """List the files of each folder that has a name, by that name."""
    classes = {name: list[str]() for name in sorted(names.values())}
    for file in files.files:
        if name := names.get(PurePosixPath(file).parent):
            classes[name].append(file)
    return classes


def read_pictures(files: FileTree, classes: Mapping[str, Sequence[str]], *, side: int) -> ReadPictures:
    """Decode the files of every class, labelled in the order given; raise DatasetError for a class without pictures."""
    n = sum(map(len, classes.values()))
    images = torch.empty(n, 3, side, side, dtype=torch.uint8)
    labels: list[int] = []
    unreadable: dict[str, list[str]] = {}
    for label, (class_name, members) in enumerate(classes.items()):
        for file in members:
            try:
                images[len(labels)] = decode_square(files.read(file), mode="RGB", side=side)
            except ImageError as error:
                unreadable.setdefault(_reason(error), []).append(file)
            except UnreadableFile as error:
                unreadable.setdefault(error.reason, []).append(file)
            else:
                labels.append(label)
        if not labels or labels[-1] != label:
            own = {reason: left for reason, those in unreadable.items() if (left := sorted({*those} & {*members}))}
            message = f"The class folder {class_name!r} in {files.path} holds no picture to use."
            raise DatasetError(" ".join([message, *_sentences(own)]))
    return ReadPictures(images[: len(labels)], torch.tensor(labels, dtype=torch.int64), _sentences(unreadable))


def _sentences(unreadable: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(sentence for reason, files in unreadable.items() for sentence in left_out(reason, sorted(files)))


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
