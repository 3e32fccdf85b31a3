"""PictureDataset: labelled pictures of one class split, whole in memory as uint8."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from mlcore.data.datasets import DATASETS
from mlcore.data.images import to_mode
from mlcore.errors import DatasetError


@dataclass(frozen=True, kw_only=True)
class PictureDataset:
    """The pictures of one class split; rows of one class lie together.

    images: (n, C, H, W) uint8; C = 1 for grey (255 is paper, 0 is ink, as a scan looks) or C = 3 for RGB.
    labels: (n,) int64, covering 0..n_classes-1.
    groups: (n_classes,) int64 or None; what a class belongs to, such as the alphabet of a character.
    authors: (n,) int64 or None; who made a picture, unique over all groups, such as the drawer of a character.
    warnings: sentences about what was left out while reading, for a person to see.
    """

    name: str
    split: str
    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    groups: Tensor | None = None
    group_names: tuple[str, ...] = ()
    authors: Tensor | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise DatasetError(f"The data set {self.name} ({self.split}) cannot be used: {problem}.")

    def _problems(self) -> list[str]:
        n, n_classes = len(self.labels), len(self.class_names)
        checks = {
            f"images must be uint8 (n, 1 or 3, H, W), not {self.images.dtype} {tuple(self.images.shape)}": (
                self.images.dtype == torch.uint8 and self.images.ndim == 4 and self.images.shape[1] in (1, 3)
            ),
            f"{len(self.images)} pictures have {n} labels": len(self.images) == n,
            f"labels must be int64 and cover 0..{n_classes - 1}": self.labels.dtype == torch.int64
            and set(self.labels.tolist()) == set(range(n_classes)),
            f"groups must be one number for each of the {n_classes} classes": self.groups is None
            or self.groups.shape == (n_classes,),
            f"authors must be one number for each of the {n} pictures": self.authors is None
            or self.authors.shape == (n,),
        }
        return [problem for problem, fine in checks.items() if not fine]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Return (C, H, W) of every picture."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    @cached_property
    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of the shape, the pixels and the labels."""
        digest = hashlib.sha256(repr(tuple(self.images.shape)).encode())
        digest.update(self.images.contiguous().numpy().data)
        digest.update(self.labels.contiguous().numpy().data)
        return digest.hexdigest()

    def group_name(self, group: int) -> str:
        """Name a group: its own name, or its number where groups have none."""
        return self.group_names[group] if self.group_names else str(group)

    def images_of(self, label: int) -> Tensor:
        """Return the pictures of one class, (n, C, H, W) uint8."""
        return self.images[self.labels == label]

    def rows_of(self, classes: Sequence[int]) -> Tensor:
        """Return the rows of these classes, class by class in the order given."""
        return torch.cat([(self.labels == label).nonzero()[:, 0] for label in classes])

    def subset(self, classes: Sequence[int]) -> "PictureDataset":
        """Keep only these classes, relabelled 0..len(classes)-1 in the order given."""
        old_labels, rows = torch.as_tensor(list(classes), dtype=torch.int64), self.rows_of(classes)
        new_labels = torch.empty(self.n_classes, dtype=torch.int64)
        new_labels[old_labels] = torch.arange(len(old_labels))
        return replace(
            self,
            images=self.images[rows],
            labels=new_labels[self.labels[rows]],
            class_names=tuple(self.class_names[label] for label in old_labels.tolist()),
            groups=None if self.groups is None else self.groups[old_labels],
            authors=None if self.authors is None else self.authors[rows],
        )

    def shared_classes(self, other: "PictureDataset") -> list[str]:
        """List the classes that another split has too; where splits are known to share none, names may come again."""
        source = DATASETS.get(self.name)
        if source and source.are_disjoint(self.split, other.split):
            return []
        return sorted(set(self.class_names) & set(other.class_names))

    def in_mode(self, mode: str) -> "PictureDataset":
        """Return the pictures in Pillow's mode `L` (grey) or `RGB`, as a transform wants them."""
        images = to_mode(self.images, mode)
        return self if images is self.images else replace(self, images=images)
