"""A data set in memory: what it refuses, its subset, its fingerprint."""

import dataclasses
from typing import Any

import pytest
import torch

from mlcore.data.datasets import DATASETS, load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.errors import DatasetError


def make(**changes: Any) -> PictureDataset:
    fields: dict[str, Any] = {
        "name": "tiny",
        "split": "train",
        "images": torch.arange(6, dtype=torch.uint8).reshape(6, 1, 1, 1),
        "labels": torch.tensor([0, 0, 1, 1, 2, 2]),
        "class_names": ("a", "b", "c"),
        "groups": torch.tensor([0, 0, 1]),
        "group_names": ("x", "y"),
        "authors": torch.tensor([0, 1, 0, 1, 2, 3]),
    }
    return PictureDataset(**fields | changes)


def test_subset_relabels_in_the_order_given() -> None:
    subset = make().subset([2, 0])
    assert subset.class_names == ("c", "a")
    assert subset.images.flatten().tolist() == [4, 5, 0, 1]
    assert subset.labels.tolist() == [0, 0, 1, 1]
    assert subset.groups is not None
    assert subset.groups.tolist() == [1, 0]
    assert subset.authors is not None
    assert subset.authors.tolist() == [2, 3, 0, 1]


def test_grey_pictures_become_coloured_and_coloured_ones_grey() -> None:
    grey = make()
    coloured = grey.in_mode("RGB")
    assert coloured.image_shape == (3, 1, 1)
    assert torch.equal(coloured.in_mode("L").images, grey.images)
    assert grey.in_mode("L") is grey
    primary = make(images=torch.eye(3, dtype=torch.uint8).mul(255).reshape(3, 3, 1, 1).repeat(2, 1, 1, 1))
    assert primary.in_mode("L").images.flatten().tolist() == [76, 150, 29] * 2


def test_images_of_gives_one_class() -> None:
    assert make().images_of(1).flatten().tolist() == [2, 3]


def test_fingerprint_changes_with_a_pixel_a_label_and_the_shape() -> None:
    whole = make()
    pixels = whole.images.clone()
    pixels[0] = 255
    others = [
        make(images=pixels),
        make(labels=torch.tensor([0, 1, 1, 0, 2, 2])),
        make(images=torch.arange(6, dtype=torch.uint8).repeat_interleave(2).reshape(6, 1, 1, 2)),
    ]
    assert whole.fingerprint == make().fingerprint
    assert len({whole.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_fingerprint_does_not_depend_on_memory_layout() -> None:
    images = torch.arange(24, dtype=torch.uint8).reshape(6, 1, 2, 2)
    assert (
        make(images=images).fingerprint == make(images=images.transpose(2, 3).contiguous().transpose(2, 3)).fingerprint
    )


def test_it_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"images": torch.zeros(6, 1, 1, 1)}, "uint8"),
        ({"images": torch.zeros(6, 2, 1, 1, dtype=torch.uint8)}, "1 or 3"),
        ({"images": torch.zeros(5, 1, 1, 1, dtype=torch.uint8)}, "5 pictures have 6 labels"),
        ({"labels": torch.tensor([0, 0, 2, 2, 2, 2])}, "cover 0..2"),
        ({"labels": torch.tensor([0, 0, 1, 1, 2, 2], dtype=torch.int32)}, "int64"),
        ({"groups": torch.tensor([0, 1])}, "3 classes"),
        ({"authors": torch.tensor([0, 1])}, "6 pictures"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(DatasetError, match=problem):
        make(**changes)


def test_an_unknown_data_set_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DatasetError, match="'mnist'; choose one of omniglot, "):
        load_dataset("mnist", split="train")


@pytest.mark.parametrize("name", DATASETS)
def test_an_unknown_split_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(DatasetError, match=f"{name} has no split called 'all of it'; choose one of "):
        load_dataset(name, split="all of it")


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"strokes"}))
def test_a_data_set_on_disk_asks_for_its_folder(name: str) -> None:
    with pytest.raises(DatasetError, match=r"[Nn]ame the "):
        load_dataset(name, split=DATASETS[name].splits[0])
