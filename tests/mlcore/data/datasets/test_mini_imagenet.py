"""mini-ImageNet from zips and folders."""

from pathlib import Path

import pytest

from mlcore.data.datasets import load_dataset, mini_imagenet
from mlcore.data.datasets.base import PictureDataset
from mlcore.errors import DatasetError
from tests.mlcore.data.datasets.files import jpeg, write_folder, write_zip
from tests.mlcore.shared_data import need_data

COLOURS = {"n01": "red", "n02": "green"}
FILES = {f"val/{wnid}/{number}.jpg": jpeg(colour) for wnid, colour in COLOURS.items() for number in range(3)}
WITHOUT_SPLIT = {name.removeprefix("val/"): data for name, data in FILES.items()}


@pytest.fixture(autouse=True)
def _two_classes(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "real" not in request.node.name:
        monkeypatch.setattr(mini_imagenet, "N_CLASSES", {"val": 2, "train": 2})


def val(root: Path) -> PictureDataset:
    return load_dataset("mini_imagenet", root=root, split="val")


@pytest.mark.parametrize("form", ["zip", "zip without split", "folder", "folder below"])
def test_every_form_gives_the_same_pictures(form: str, tmp_path: Path) -> None:
    match form:
        case "zip":
            write_zip(tmp_path / "val_100_per_class.zip", FILES)
        case "zip without split":
            write_zip(tmp_path / "val.zip", WITHOUT_SPLIT)
        case "folder":
            write_folder(tmp_path, FILES)
        case "folder below":
            write_folder(tmp_path / "mini_imagenet", FILES)
    dataset = val(tmp_path)
    assert dataset.images.shape == (6, 3, 84, 84)
    assert dataset.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.class_names == ("n01", "n02")
    assert dataset.images[[0, 5], :, 40, 40].tolist() == [[254, 0, 0], [0, 128, 1]]


def test_words_take_the_place_of_ids(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES | {"wnid_names.tsv": b"val\tn01\thouse finch, linnet\nval\tn02\trobin\n"})
    assert val(tmp_path).class_names == ("house finch", "robin")


def test_words_that_two_classes_share_keep_the_id(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES | {"wnid_names.tsv": b"val\tn01\tcrane\nval\tn02\tcrane, a machine\n"})
    assert val(tmp_path).class_names == ("crane (n01)", "crane (n02)")


def test_a_damaged_list_of_words_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES | {"wnid_names.tsv": b"n01 crane\n"})
    with pytest.raises(DatasetError, match=r"wnid_names\.tsv is damaged"):
        val(tmp_path)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"not found in .*expected a folder val or a zip val\.zip.*https://"):
        val(tmp_path)


def test_missing_classes_are_noticed(tmp_path: Path) -> None:
    write_folder(tmp_path, {name: data for name, data in FILES.items() if "n02" not in name})
    with pytest.raises(DatasetError, match="1 class folders, not the 2 of val"):
        val(tmp_path)


def test_two_zips_of_one_split_are_not_guessed_between(tmp_path: Path) -> None:
    for name in ("val.zip", "val_100.zip"):
        write_zip(tmp_path / name, FILES)
    with pytest.raises(DatasetError, match=r"val\.zip, val_100\.zip"):
        val(tmp_path)


def test_real_validation_classes() -> None:
    dataset = val(need_data("mini_imagenet"))
    assert dataset.n_classes == 16
    assert dataset.images.shape == (1600, 3, 84, 84)
    assert dataset.warnings == ()
    assert "meerkat" in dataset.class_names
