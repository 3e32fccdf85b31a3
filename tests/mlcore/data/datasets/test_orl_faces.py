"""The ORL faces from the packed file, the folders and the zip."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.orl_faces import PACKED_FILE, SHAPE
from mlcore.errors import DatasetError
from tests.mlcore.data.datasets.files import write_folder, write_zip
from tests.mlcore.shared_data import need_data

# Every picture is of one grey, which says whose it is and which, below a white edge.
PIXELS = np.broadcast_to((np.arange(40)[:, None] * 6 + np.arange(10)).astype(np.uint8)[..., None, None], SHAPE).copy()
PIXELS[:, :, :4] = 255


def pgm(pixels: np.ndarray) -> bytes:
    """Write one picture as the published archive holds it."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PPM")
    return stream.getvalue()


@pytest.mark.parametrize("form", ["packed", "folders", "zip"])
def test_every_form_gives_the_same_people_in_the_same_order(form: str, tmp_path: Path) -> None:
    files = {f"s{i + 1}/{j + 1}.pgm": pgm(PIXELS[i, j]) for i in range(40) for j in range(10)}
    match form:
        case "packed":
            np.savez(tmp_path / PACKED_FILE, x=PIXELS)
        case "folders":
            write_folder(tmp_path / "att_faces", {**files, "README": b"hello"})
        case "zip":
            write_zip(tmp_path / "att_faces.zip", {f"att_faces/{name}": data for name, data in files.items()})
    dataset = load_dataset("orl_faces", root=tmp_path, split="val")
    assert dataset.images.shape == (50, 1, 112, 92)
    assert dataset.class_names == tuple(f"person {number}" for number in range(16, 21))
    assert dataset.images[:, 0, 50, 50].reshape(5, 10).tolist() == PIXELS[15:20, :, 50, 50].tolist()


def test_nobody_is_in_two_splits(tmp_path: Path) -> None:
    np.savez(tmp_path / PACKED_FILE, x=PIXELS)
    people = [load_dataset("orl_faces", root=tmp_path, split=split).class_names for split in ("train", "val", "test")]
    assert [len(names) for names in people] == [15, 5, 20]
    assert len(set().union(*people)) == 40


def test_a_folder_without_them_is_told_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"not found .* att_faces\.zip"):
        load_dataset("orl_faces", root=tmp_path, split="train")
    write_folder(tmp_path, {"s1/1.pgm": pgm(PIXELS[0, 0])})
    with pytest.raises(DatasetError, match="not found"):
        load_dataset("orl_faces", root=tmp_path, split="train")


@pytest.mark.parametrize("content", [b"", b"no array", "wrong shape"])
def test_a_damaged_file_is_named(content: bytes | str, tmp_path: Path) -> None:
    if isinstance(content, bytes):
        (tmp_path / PACKED_FILE).write_bytes(content)
    else:
        np.savez(tmp_path / PACKED_FILE, x=PIXELS[:3])
    with pytest.raises(DatasetError, match=f"{PACKED_FILE} is damaged"):
        load_dataset("orl_faces", root=tmp_path, split="train")


def test_the_real_faces_have_their_pixels() -> None:
    dataset = load_dataset("orl_faces", root=need_data("faces_orl"), split="train")
    assert dataset.images.shape == (150, 1, 112, 92)
    assert dataset.images[0, 0, 0, :6].tolist() == [48, 49, 45, 47, 49, 57]
    assert torch.equal(dataset.labels.bincount(), torch.full((15,), 10))
