"""The Grocery Store photos (Klasson et al., WACV 2019), split into classes that choose and classes that report."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset

N_REPORTING = 15
STORED_SIDE = 160  # px


def find_photos(data_root: Path) -> dict[str, Any]:
    """Return what `load_dataset` is asked for: where the photos are, and their size."""
    packed = data_root / "photos_160.zip"
    return {"name": "image_folder", "root": packed if packed.is_file() else data_root, "image_size": STORED_SIDE}


def load_photos(data_root: Path) -> PictureDataset:
    """Read all classes at the size at which they are stored."""
    return load_dataset(**find_photos(data_root), split="all")


def split_classes(n_classes: int, *, n_reporting: int = N_REPORTING) -> tuple[list[int], list[int]]:
    """Return classes that choose and fit, and classes that only report, drawn by a fixed seed."""
    order = np.random.default_rng(0).permutation(n_classes).tolist()
    return sorted(order[n_reporting:]), sorted(order[:n_reporting])


def part_of(dataset: PictureDataset, features: Tensor, classes: list[int]) -> tuple[PictureDataset, Tensor]:
    """Take some classes of a data set, and their rows of features (n, ...)."""
    rows = torch.cat([(dataset.labels == label).nonzero()[:, 0] for label in classes])
    return dataset.subset(classes), features[rows]
