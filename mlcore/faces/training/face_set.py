"""FaceSet: labelled faces, cut out of a data set's pictures one by one."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mlcore.data.datasets.base import PictureDataset
from mlcore.data.images import resized, to_mode
from mlcore.errors import DatasetError
from mlcore.faces.alignment import CHIP_SIZE, align


@dataclass(frozen=True)
class FaceSet:
    """Faces (n, 3, 150, 150) uint8, cut out of a data set's pictures.

    not_found: in how many pictures no face was found.
    """

    dataset: PictureDataset
    faces: Tensor
    not_found: int

    @property
    def labels(self) -> Tensor:
        """Return the person of each face, (n,) int64."""
        return self.dataset.labels

    @property
    def n_people(self) -> int:
        """Count the people."""
        return self.dataset.n_classes

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return a sentence that counts the pictures without a face, if there are any."""
        return (f"No face was found in {self.not_found} pictures, which were taken whole.",) if self.not_found else ()


def cut_out(dataset: PictureDataset, *, align: bool) -> FaceSet:
    """Find the largest face of each picture and align it, or take pictures whole where they are faces already.

    A picture in which no face is found is taken whole, and counted. Raise DatasetError for fewer than two people.
    """
    if dataset.n_classes < 2:
        raise DatasetError(f"The data set {dataset.name} ({dataset.split}) shows one person; faces need two or more.")
    pictures = to_mode(dataset.images, "RGB")
    if not align:
        return FaceSet(dataset, resized(pictures, CHIP_SIZE), 0)
    chips = _largest_faces(pictures)
    faces = [
        resized(picture[None], CHIP_SIZE)[0] if chip is None else chip
        for picture, chip in zip(pictures, chips, strict=True)
    ]
    return FaceSet(dataset, torch.stack(faces), sum(chip is None for chip in chips))


def _largest_faces(pictures: Tensor) -> list[Tensor | None]:
    """Align the largest face of each picture (n, 3, H, W): (3, 150, 150) uint8, or None where there is none."""
    from mlcore.faces.detection.detector import FaceDetector  # it needs dlib, which whole pictures do not

    detector = FaceDetector()
    chips: list[Tensor | None] = []
    for picture in pictures.permute(0, 2, 3, 1).contiguous().numpy():
        faces = detector.detect(picture)
        chip = align(picture, np.array(faces[0].landmarks)) if faces else None
        chips.append(None if chip is None else torch.from_numpy(chip.copy()).permute(2, 0, 1))
    return chips
