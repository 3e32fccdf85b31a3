"""Omniglot from each of its forms, its splits, and what a missing or damaged one is answered with."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from mlcore.data.datasets import load_dataset, omniglot
from mlcore.data.datasets.base import PictureDataset
from mlcore.errors import DatasetError
from tests.mlcore.data.datasets.files import (
    CHARACTERS,
    drawing,
    omniglot_files,
    png,
    write_folder,
    write_packed,
    write_zip,
)
from tests.mlcore.shared_data import need_data

COUNTS = {
    "background": (964, 30),
    "evaluation": (659, 20),
    "background_train": (787, 25),
    "background_val": (177, 5),
    "train": (1028, 33),
    "val": (172, 5),
    "trainval": (1200, 38),
    "test": (423, 13),
}


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "real" not in request.node.name:
        monkeypatch.setattr(omniglot, "N_CHARACTERS", {"images_background": 3, "images_evaluation": 2})


def in_part(part: str) -> dict[str, bytes]:
    return {name: data for name, data in omniglot_files().items() if name.startswith(part)}


def packed(root: Path) -> None:
    write_packed(root / "omniglot_105_packbits.npz")


def folders(root: Path) -> None:
    write_folder(root, omniglot_files())


def folders_of_torchvision(root: Path) -> None:
    write_folder(root / "omniglot-py", omniglot_files())


def zips(root: Path) -> None:
    for part in omniglot.N_CHARACTERS:
        write_zip(root / "omniglot" / "python" / f"{part}.zip", in_part(part))


def background(root: Path, split: str = "background") -> PictureDataset:
    return load_dataset("omniglot", root=root, split=split)


@pytest.mark.parametrize("write", [packed, folders, folders_of_torchvision, zips])
def test_every_form_gives_the_same_pictures(write: Any, tmp_path: Path) -> None:
    write(tmp_path)
    dataset = background(tmp_path)
    assert dataset.class_names == ("Armenian/character01", "Greek/character01", "Greek/character02")
    assert dataset.images.shape == (60, 1, 105, 105)
    expected = [drawing(character, drawer) for character in CHARACTERS[:3] for drawer in range(1, 21)]
    assert np.array_equal(dataset.images[:, 0].numpy(), np.stack(expected))


def test_groups_are_alphabets_and_authors_are_drawers_of_one_alphabet(tmp_path: Path) -> None:
    packed(tmp_path)
    dataset = background(tmp_path)
    assert dataset.group_names == ("Armenian", "Greek")
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 1, 1]
    assert dataset.authors is not None
    assert dataset.authors.reshape(3, 20)[:, 0].tolist() == [0, 20, 20]
    assert dataset.authors.unique().tolist() == list(range(40))


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("evaluation", ("Tengwar/character01", "Tengwar/character02")),
        ("background_val", ("Armenian/character01",)),
        ("background_train", ("Greek/character01", "Greek/character02")),
    ],
)
def test_splits_take_their_own_characters(split: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    packed(tmp_path)
    assert background(tmp_path, split).class_names == expected


def test_a_list_of_vinyals_chooses_across_both_parts(tmp_path: Path) -> None:
    packed(tmp_path)
    lines = [f"{name}/rot{turn}" for name in ("Greek/character02", "Tengwar/character01") for turn in ("000", "090")]
    write_folder(tmp_path, {"splits_vinyals/val.txt": "\n".join(lines).encode()})
    dataset = background(tmp_path, "val")
    assert dataset.class_names == ("Greek/character02", "Tengwar/character01")


def test_a_list_that_is_missing_is_named_with_where_to_get_it(tmp_path: Path) -> None:
    packed(tmp_path)
    with pytest.raises(DatasetError, match=r"splits_vinyals/test\.txt.*https://.*need no lists"):
        background(tmp_path, "test")


def test_a_list_with_unknown_characters_is_refused(tmp_path: Path) -> None:
    packed(tmp_path)
    write_folder(tmp_path, {"splits_vinyals/val.txt": b"Greek/character02/rot000\nKlingon/character01/rot000"})
    with pytest.raises(DatasetError, match="Klingon/character01"):
        background(tmp_path, "val")


def test_a_missing_data_set_says_what_was_expected_where_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        background(tmp_path)
    for words in (str(tmp_path), "images_background.zip", "omniglot_105_packbits.npz", "https://"):
        assert words in str(caught.value)


def test_a_missing_character_is_noticed(tmp_path: Path) -> None:
    write_folder(tmp_path, omniglot_files(CHARACTERS[:2]))
    with pytest.raises(DatasetError, match="2 characters of images_background, not 3"):
        background(tmp_path)


def test_a_missing_drawing_is_noticed(tmp_path: Path) -> None:
    folders(tmp_path)
    (tmp_path / CHARACTERS[1] / "0001_07.png").unlink()
    with pytest.raises(DatasetError, match=r"Greek/character01.* lie 19 drawings, not 20"):
        background(tmp_path)


@pytest.mark.parametrize("damage", [b"not a picture", b""])
def test_a_damaged_drawing_is_named(damage: bytes, tmp_path: Path) -> None:
    folders(tmp_path)
    (tmp_path / CHARACTERS[0] / "0000_03.png").write_bytes(damage)
    with pytest.raises(DatasetError, match=r"Armenian/character01/0000_03.png.*cannot be read"):
        background(tmp_path)


def test_a_drawing_of_another_size_is_named(tmp_path: Path) -> None:
    name = f"{CHARACTERS[0]}/0000_03.png"
    drawing = np.full((40, 50), 255, dtype=np.uint8)
    drawing[20] = 0
    write_folder(tmp_path, omniglot_files() | {name: png(drawing)})
    with pytest.raises(DatasetError, match=r"0000_03.png.* is 50 x 40 pixels, not 105 x 105"):
        background(tmp_path)


@pytest.mark.parametrize("keep", [0, 100, 1500])
def test_a_truncated_packed_file_is_refused(keep: int, tmp_path: Path) -> None:
    packed(tmp_path)
    path = tmp_path / "omniglot_105_packbits.npz"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DatasetError, match=r"omniglot_105_packbits.npz is damaged"):
        background(tmp_path)


def test_a_packed_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "omniglot_105_packbits.npz", ink=np.zeros((3, 20, 5), np.uint8), names=np.array(CHARACTERS[:3]))
    with pytest.raises(DatasetError, match=r"ink is uint8 \(3, 20, 5\), not uint8 \(3, 20, 1379\)"):
        background(tmp_path)


def test_a_packed_file_without_names_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "omniglot_105_packbits.npz", ink=np.zeros((3, 20, 1379), np.uint8))
    with pytest.raises(DatasetError, match="names"):
        background(tmp_path)


def test_a_pickle_in_a_packed_file_is_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "omniglot_105_packbits.npz", ink=np.array([{"a": 1}], dtype=object), names=np.array(["x"]))
    with pytest.raises(DatasetError, match="damaged"):
        background(tmp_path)


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, {"images_background.zip": b"PK but no zip"})
    with pytest.raises(DatasetError, match=r"images_background.zip cannot be read as a zip"):
        background(tmp_path)


def test_download_fetches_only_the_part_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(root: str, *, background: bool, download: bool) -> None:
        asked.append((background, download))
        write_folder(Path(root) / "omniglot-py", in_part("images_background"))

    monkeypatch.setattr(omniglot, "torchvision_module", lambda name: SimpleNamespace(Omniglot=fetch))
    for _ in range(2):
        dataset = load_dataset("omniglot", root=tmp_path, split="background", download=True)
    assert asked == [(True, True)]
    assert dataset.n_classes == 3


def test_a_failed_download_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(root: str, **options: bool) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(omniglot, "torchvision_module", lambda name: SimpleNamespace(Omniglot=fetch))
    with pytest.raises(DatasetError, match=r"could not be downloaded.*no route to host"):
        load_dataset("omniglot", root=tmp_path, split="background", download=True)


def test_real_splits_have_their_published_sizes() -> None:
    root = need_data("omniglot")
    for split in COUNTS:
        dataset = background(root, split)
        assert (dataset.n_classes, len(dataset.group_names)) == COUNTS[split]
        assert len(dataset) == 20 * dataset.n_classes


def test_real_splits_do_not_overlap() -> None:
    root = need_data("omniglot")
    names = {split: set(background(root, split).class_names) for split in COUNTS}
    assert names["train"].isdisjoint(names["val"])
    assert names["trainval"] == names["train"] | names["val"]
    assert names["trainval"].isdisjoint(names["test"])
    assert names["background"] == names["background_train"] | names["background_val"]
    assert names["background"].isdisjoint(names["evaluation"])


def test_real_drawings_are_ink_on_paper() -> None:
    dataset = background(need_data("omniglot"), "background_val")
    ink = (dataset.images == 0).float().mean()
    assert set(dataset.images[:200].unique().tolist()) == {0, 255}
    assert 0.02 < ink < 0.10
    assert torch.equal(dataset.labels, torch.arange(177).repeat_interleave(20))
