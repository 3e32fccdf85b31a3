"""A person's own folders of pictures."""

from pathlib import Path
from typing import Any

import pytest

from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.errors import DatasetError
from tests.mlcore.data.datasets.files import jpeg, write_folder, write_zip
from tests.zips import encrypted, raw_zip

FILES = {f"{name}/{number}.jpg": jpeg(name, (60, 40)) for name in ("red", "green", "blue") for number in range(2)}
MANY = {f"class{number:02d}/a.jpg": jpeg("red", (8, 8)) for number in range(25)}


def load(root: Path, split: str = "all", **options: Any) -> PictureDataset:
    return load_dataset("image_folder", root=root, split=split, **options)


def test_it_goes_by_the_name_that_it_is_given(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "x", FILES)
    assert load(root, image_size=32, called="colours").name == "colours"
    assert load(root, image_size=32).name == "image_folder"


@pytest.mark.parametrize("wrapped", ["", "my pictures/"])
@pytest.mark.parametrize("form", ["zip", "folder"])
def test_class_folders_are_read_whether_zipped_or_wrapped(form: str, wrapped: str, tmp_path: Path) -> None:
    files = {wrapped + name: data for name, data in FILES.items()}
    path = write_zip(tmp_path / "x.zip", files) if form == "zip" else write_folder(tmp_path / "x", files)
    dataset = load(path, image_size=32)
    assert dataset.class_names == ("blue", "green", "red")
    assert dataset.images.shape == (6, 3, 32, 32)
    assert dataset.images[[0, 2, 4], :, 16, 16].tolist() == [[0, 0, 253], [0, 128, 1], [254, 0, 0]]
    assert dataset.warnings == ()


def test_what_cannot_be_read_is_left_out_by_name(tmp_path: Path) -> None:
    extra = {
        "red/notes.txt": b"hello",
        "red/broken.jpg": jpeg("red")[:200],
        "red/void.pgm": b"P5 4 4 255 " + bytes(16),
        "readme.md": b"hello",
    }
    dataset = load(write_folder(tmp_path / "x", FILES | extra), image_size=32)
    assert len(dataset) == 6
    assert dataset.warnings == (
        "Left out, not a picture that can be read: red/broken.jpg, red/notes.txt.",
        "Left out, nothing to see in it, all of one colour: red/void.pgm.",
        "Left out, not in a class folder: readme.md.",
    )


def test_names_are_kept_in_one_spelling_and_without_what_cannot_be_seen(tmp_path: Path) -> None:
    files = {"e\u0301te\u0301/a.jpg": jpeg("red"), "\ufeffhi\u200bver/a.jpg": jpeg("blue")}
    assert load(write_folder(tmp_path / "x", files), image_size=8).class_names == ("hiver", "\u00e9t\u00e9")


def test_folders_that_differ_by_their_normal_form_below_different_ones_stay_two_classes(tmp_path: Path) -> None:
    files = {"north/\u00e9t\u00e9/a.jpg": jpeg("red"), "south/e\u0301te\u0301/a.jpg": jpeg("blue")}
    assert load(write_folder(tmp_path / "x", files), image_size=8).class_names == ("north/été", "south/été")


def test_folders_that_differ_by_their_normal_form_alone_are_one_class(tmp_path: Path) -> None:
    files = {"\u00e9t\u00e9/a.jpg": jpeg("red"), "e\u0301te\u0301/a.jpg": jpeg("blue"), "hiver/a.jpg": jpeg("blue")}
    dataset = load(write_folder(tmp_path / "x", files), image_size=8)
    assert (dataset.class_names, len(dataset)) == (("hiver", "été"), 3)


def test_every_folder_with_pictures_is_a_class_but_the_one_around_all(tmp_path: Path) -> None:
    files = {"cats/a.jpg": jpeg("red"), "cats/more/b.jpg": jpeg("blue"), "dogs/a.jpg": jpeg("red")}
    root = write_folder(tmp_path / "bare", files)
    (root / "cats" / "none").mkdir()
    assert load(root, image_size=8).class_names == ("cats", "dogs", "more")
    wrapped = {f"mine/{name}": data for name, data in files.items()} | {"mine/readme.md": b"hello"}
    dataset = load(write_zip(tmp_path / "x.zip", wrapped), image_size=8)
    assert (dataset.class_names, len(dataset)) == (("cats", "dogs", "more"), 3)
    assert dataset.warnings == ("Left out, not in a class folder: mine/readme.md.",)


def test_a_class_has_one_name_in_every_split(tmp_path: Path) -> None:
    train = {f"train/{place}/x/a.jpg": jpeg("red") for place in ("north", "south")}
    twice = load(write_folder(tmp_path / "twice", train | {"val/north/x/a.jpg": jpeg("red")}), image_size=8)
    assert (twice.class_names, len(twice)) == (("north/x", "south/x"), 3)
    apart = write_folder(tmp_path / "apart", train | {"val/east/x/a.jpg": jpeg("red")})
    assert load(apart, "train", image_size=8).class_names == ("north/x", "south/x")
    assert load(apart, "val", image_size=8).class_names == ("east/x",)


def test_a_name_in_which_nothing_can_be_seen_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"'\\u200b'.* rename the folder"):
        load(write_folder(tmp_path / "x", {"\u200b/a.jpg": jpeg("red"), "b/a.jpg": jpeg("red")}))


def test_an_entry_that_is_damaged_or_encrypted_is_left_out_by_name(tmp_path: Path) -> None:
    good, bad = jpeg("red"), jpeg("blue")
    packed = encrypted(raw_zip({b"b/secret.jpg": good, b"b/1.jpg": good, b"a/1.jpg": good, b"a/2.jpg": bad}))
    path = tmp_path / "x.zip"
    path.write_bytes(packed.replace(bad, bytes(len(bad))))
    dataset = load(path, image_size=8)
    assert (dataset.class_names, len(dataset)) == (("a", "b"), 2)
    assert dataset.warnings == (
        "Left out, it is damaged; pack it again, or copy the zip again: a/2.jpg.",
        "Left out, it is encrypted; pack it again without a password: b/secret.jpg.",
    )


def test_a_class_of_which_nothing_can_be_read_says_why(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(encrypted(raw_zip({b"a/1.jpg": jpeg("red"), b"b/1.jpg": jpeg("red")}), 2))
    with pytest.raises(DatasetError, match=r"holds no picture .* encrypted; pack it again without"):
        load(path)


def test_a_long_list_of_files_is_cut_short(tmp_path: Path) -> None:
    extra = {f"red/{number}.txt": b"" for number in range(8)}
    (warning,) = load(write_folder(tmp_path / "x", FILES | extra), image_size=32).warnings
    assert warning.endswith("red/4.txt and 3 more.")


def test_an_empty_class_folder_is_an_error(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "x", FILES)
    (root / "grey").mkdir()
    with pytest.raises(DatasetError, match=r"'grey' in .* holds no picture to use"):
        load(root)


def test_a_class_without_a_readable_picture_is_an_error(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "x", FILES | {"zebra/a.jpg": b"", "zebra/b.jpg": b"no"})
    with pytest.raises(DatasetError, match=r"'zebra' in .* holds no picture to use"):
        load(root)


def test_a_class_of_which_nothing_can_be_used_says_why(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "x", FILES | {"zebra/a.pgm": b"P5 4 4 255 " + bytes(16)})
    with pytest.raises(DatasetError, match=r"holds no picture to use\. Left out, nothing to see in it"):
        load(root)


@pytest.mark.parametrize("files", [{}, {"a.jpg": jpeg("red")}])
def test_a_folder_without_class_folders_says_what_was_expected(files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(DatasetError, match="one folder for each class"):
        load(write_folder(tmp_path / "x", files))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere does not exist"):
        load(tmp_path / "nowhere")


def test_classes_are_dealt_out_by_the_seed(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "x", MANY)
    parts = {split: set(load(root, split, image_size=8).class_names) for split in ("train", "val", "test")}
    assert [len(part) for part in parts.values()] == [15, 5, 5]
    assert set.union(*parts.values()) == set(load(root, image_size=8).class_names)
    assert parts["val"] == set(load(root, "val", image_size=8).class_names)
    assert parts["val"] != set(load(root, "val", seed=1, image_size=8).class_names)


def test_thirty_five_classes_are_dealt_out_21_7_and_7(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "x", {f"class{number:02d}/a.jpg": jpeg("red", (8, 8)) for number in range(35)})
    assert [load(root, split, image_size=8).n_classes for split in ("train", "val", "test")] == [21, 7, 7]


def test_split_folders_are_kept_to(tmp_path: Path) -> None:
    files = {"train/cat/a.jpg": jpeg("red"), "train/dog/a.jpg": jpeg("red"), "val/owl/a.jpg": jpeg("red")}
    root = write_folder(tmp_path / "x", files)
    assert load(root, "train").class_names == ("cat", "dog")
    assert load(root, "val").class_names == ("owl",)
    assert load(root).class_names == ("cat", "dog", "owl")
    with pytest.raises(DatasetError, match="no classes for the split test"):
        load(root, "test")


def test_classes_in_two_split_folders_are_merged_before_they_are_dealt_out(tmp_path: Path) -> None:
    files = {f"{split}/{name}": data for split in ("train", "val") for name, data in MANY.items()}
    root = write_folder(tmp_path / "x", files)
    train, val = load(root, "train", image_size=8), load(root, "val", image_size=8)
    assert (train.n_classes, val.n_classes) == (15, 5)
    assert set(train.class_names).isdisjoint(val.class_names)
    assert len(train) == 30
