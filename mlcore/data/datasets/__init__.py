"""Data sets for meta-training and evaluation.

This module names them and needs the standard library alone; the modules it resolves load torch.
"""

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mlcore.errors import DatasetError
from mlcore.settings import Config, setting

if TYPE_CHECKING:
    from mlcore.data.datasets.base import PictureDataset


@dataclass(frozen=True, kw_only=True)
class DatasetSource:
    """A data set that `load_dataset` can read.

    loader: dotted path of a function (DatasetRequest) -> PictureDataset.
    splits: the class splits that it knows. taken_from: the larger collection that its pictures are a part of.
    disjoint: families of splits no two of which share a class, the last of each the one that is tested on.
    usual: the splits to train on, to validate on and to test on, unless others are chosen.
    """

    loader: str
    splits: tuple[str, ...]
    description: str
    usual: tuple[str, str, str] = ("train", "val", "test")
    taken_from: str = ""
    disjoint: tuple[tuple[str, ...], ...] = ()

    def are_disjoint(self, one: str, other: str) -> bool:
        """Return whether two splits are known to share no class."""
        return one != other and any(one in family and other in family for family in self.disjoint)

    def is_tested_on(self, split: str) -> bool:
        """Return whether figures are usually measured on a split, so that nothing may be chosen by it."""
        return split == self.usual[-1] or any(split == family[-1] for family in self.disjoint)


@dataclass(frozen=True, kw_only=True)
class DatasetRequest:
    """What to load; a loader ignores what does not concern it.

    image_size: side in pixels, where the data set does not fix it.
    n_classes: how many classes, where the data set is drawn by program.
    download: fetch what is missing, where the data set can be downloaded.
    called: what the data set goes by on cards, where it is a folder of one's own.
    """

    root: Path | None
    split: str
    seed: int = 0
    image_size: int | None = None
    n_classes: int | None = None
    download: bool = False
    called: str = ""


DATASETS: dict[str, DatasetSource] = {
    "omniglot": DatasetSource(
        loader="mlcore.data.datasets.omniglot.load",
        splits=("background", "evaluation", "background_train", "background_val", "train", "val", "trainval", "test"),
        usual=("background_train", "background_val", "evaluation"),
        description="1,623 handwritten characters of 50 alphabets, 20 drawings each (Lake et al., 2015)",
        disjoint=(
            ("background", "evaluation"),
            ("background_train", "background_val", "evaluation"),
            ("train", "val", "test"),
            ("trainval", "test"),
        ),
    ),
    "mini_imagenet": DatasetSource(
        loader="mlcore.data.datasets.mini_imagenet.load",
        splits=("train", "val", "test"),
        description="100 classes of ImageNet photos, 84 px (Ravi & Larochelle, 2017); for research only",
        taken_from="ImageNet",
        disjoint=(("train", "val", "test"),),
    ),
    "orl_faces": DatasetSource(
        loader="mlcore.data.datasets.orl_faces.load",
        splits=("train", "val", "test"),
        description="400 grey pictures of 40 people, 112 x 92 px (Samaria & Harter, 1994)",
        disjoint=(("train", "val", "test"),),
    ),
    "image_folder": DatasetSource(
        loader="mlcore.data.datasets.image_folder.load",
        splits=("all", "train", "val", "test"),
        description="a folder or zip of your own that holds one folder of pictures for each class",
    ),
    "strokes": DatasetSource(
        loader="mlcore.data.datasets.strokes.load",
        splits=("train", "val", "test"),
        description="characters drawn by program from random pen strokes, 20 hands each; needs no files",
        disjoint=(("train", "val", "test"),),
    ),
}


@dataclass(frozen=True, kw_only=True)
class DataConfig(Config):
    """Which data set, and which classes of it."""

    dataset: str | None = setting(None, choices=DATASETS, label="Data set", help="What the pictures come from.")
    root: str | None = setting(None, option="data-root", label="Folder", help="Folder of the data set.")
    name: str = setting(
        "", option="data-name", label="Name on cards", help="What cards call a data set that is a folder of your own."
    )
    split: str = setting("train", label="Class split", help="Which classes; else the usual ones of the data set.")
    n_classes: int | None = setting(
        None, minimum=1, label="Classes", help="How many, where the data set is drawn by program."
    )
    image_size: int | None = setting(
        None, minimum=1, label="Picture size", help="Side in pixels, where the data set does not fix it."
    )
    download: bool = setting(False, label="Download", help="Fetches the data set if it is missing.")

    @property
    def request(self) -> DatasetRequest:
        """Return what a loader is asked for."""
        return DatasetRequest(
            root=Path(self.root) if self.root else None,
            split=self.split,
            image_size=self.image_size,
            n_classes=self.n_classes,
            download=self.download,
            called=self.name,
        )

    def load(self, *, split: str) -> "PictureDataset":
        """Load a class split of it, as `load_dataset` does."""
        return _load(self.dataset or "", replace(self.request, split=split))


def load_dataset(
    name: str,
    *,
    split: str,
    root: Path | None = None,
    seed: int = 0,
    image_size: int | None = None,
    n_classes: int | None = None,
    download: bool = False,
    called: str = "",
) -> "PictureDataset":
    """Load one class split of a data set into memory.

    Raise DatasetError, in words that say what to do, if it is unknown, missing or damaged.
    """
    request = DatasetRequest(
        root=root,
        split=split,
        seed=seed,
        image_size=image_size,
        n_classes=n_classes,
        download=download,
        called=called,
    )
    return _load(name, request)


def _load(name: str, request: DatasetRequest) -> "PictureDataset":
    source = DATASETS.get(name)
    if source is None:
        raise DatasetError(f"There is no data set called {name!r}; choose one of {', '.join(DATASETS)}.")
    if request.split not in source.splits:
        raise DatasetError(
            f"The data set {name} has no split called {request.split!r}; choose one of {', '.join(source.splits)}."
        )
    module, function = source.loader.rsplit(".", 1)
    dataset: PictureDataset = getattr(import_module(module), function)(request)
    return dataset
