"""`python -m mlcore dataset`: print what a data set holds, split by split, and show samples of it."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from mlcore.data.contact_sheet import CLASSES, SAMPLES, contact_sheet, spread
from mlcore.data.datasets import DatasetRequest, load_dataset
from mlcore.data.datasets.base import PictureDataset

_REPORTED = 200  # duplicates that are listed one by one


@dataclass(frozen=True, kw_only=True)
class DatasetCommand:
    """What to look at; `sheet` is a JPEG to write samples to."""

    dataset: str
    data: DatasetRequest
    splits: Sequence[str]
    sheet: Path | None

    def run(self) -> dict[str, Any]:
        """Load every split, and return in plain values what it holds.

        classes: name, split, number of pictures, and the place of its strip on the sheet or None.
        duplicates: the classes that one and the same picture lies in, for the first few of `n_duplicates`.
        """
        classes: list[dict[str, Any]] = []
        strips: list[list[Image.Image]] = []
        homes: dict[bytes, set[str]] = defaultdict(set)
        fingerprints: dict[str, str] = {}
        warnings: list[str] = []
        for split in self.splits:
            dataset = load_dataset(self.dataset, **vars(replace(self.data, split=split)))
            classes += _classes(dataset, first_strip=len(strips))
            strips += [_samples(dataset, label) for label in spread(dataset.n_classes, CLASSES)]
            _note_homes(dataset, homes)
            fingerprints[split] = dataset.fingerprint
            warnings += dataset.warnings
        if self.sheet is not None and (picture := contact_sheet(strips)):
            picture.save(self.sheet, "JPEG", quality=85)
        shared = sorted(sorted(names) for names in homes.values() if len(names) > 1)
        return {
            "name": self.dataset,
            "classes": classes,
            "fingerprints": fingerprints,
            "duplicates": shared[:_REPORTED],
            "n_duplicates": len(shared),
            "warnings": warnings,
        }


def _classes(dataset: PictureDataset, *, first_strip: int) -> list[dict[str, Any]]:
    strips = {label: first_strip + place for place, label in enumerate(spread(dataset.n_classes, CLASSES))}
    counts = dataset.labels.bincount(minlength=dataset.n_classes).tolist()
    return [
        {"name": name, "split": dataset.split, "pictures": counts[label], "strip": strips.get(label)}
        for label, name in enumerate(dataset.class_names)
    ]


def _samples(dataset: PictureDataset, label: int) -> list[Image.Image]:
    return [_picture(pixels) for pixels in dataset.images_of(label)[:SAMPLES]]


def _picture(pixels: Tensor) -> Image.Image:
    """Make a picture of (1 or 3, H, W) uint8."""
    rows = pixels.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(rows[..., 0] if rows.shape[2] == 1 else rows)


def _note_homes(dataset: PictureDataset, homes: dict[bytes, set[str]]) -> None:
    """Note for each picture, by its pixels, the class that it lies in."""
    for pixels, label in zip(dataset.images, dataset.labels.tolist(), strict=True):
        homes[hashlib.sha256(pixels.contiguous().numpy().data).digest()].add(dataset.class_names[label])
