"""Pictures as papers take them, and by a transform of one's own: trained, saved, found again and measured."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.cli.main import main
from mlcore.config import SHAPES
from mlcore.data.images import TRANSFORMS, Transform, image_to_tensor, register_transform
from mlcore.errors import CheckpointError
from tests.mlcore.data.datasets.files import jpeg, write_folder

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")
STROKES = ["--dataset", "strokes", "--n-classes", "6", "--image-size", "32"]
SMALL = (
    "--backbone-width 4 --n-way 2 --n-query 2 --validation-n-way 2 --validation-episodes 2 --steps 2 --save-every 0 "
    "--device cpu --threads 1"
)


def own(*, low: float = -1.0) -> Transform:
    """Return a transform that this project does not have: values from -1 to 1."""

    def apply(images: Tensor) -> Tensor:
        return images[:, :, ::2, ::2].float() / 127.5 - 1

    return Transform(name="own", mode="RGB", load_side=64, size=16, apply=apply, low=low)


@pytest.fixture
def unregistered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away afterwards what is registered as `own`."""
    for registry in (TRANSFORMS, SHAPES):
        monkeypatch.setitem(registry, "own", None)  # type: ignore[arg-type]
        monkeypatch.delitem(registry, "own")


def photos(folder: Path, side: int) -> list[str]:
    """Write coloured squares, a class a colour, and return the options that name them."""
    files = {
        f"{split}/{split}{colour}/{k}.jpg": jpeg(colour)
        for split in ("train", "val")
        for colour in COLOURS[:3]
        for k in range(10)
    }
    root = str(write_folder(folder / "squares", files))
    return ["--dataset", "image_folder", "--data-root", root, "--image-size", str(side)]


def trained(out: Path, transform: str, data: list[str]) -> ModelCard:
    assert main(["train", "--kind", "papers", "--transform", transform, *data, *SMALL.split(), "--out", str(out)]) == 0
    return ModelCard.read(out)


def measured(out: Path, data: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    exam = ["--split", "val", "--n-way", "2", "--n-query", "2", "--episodes", "3", "--device", "cpu", "--json"]
    capsys.readouterr()
    assert main(["evaluate", "--checkpoint", str(out), *data, *exam]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_omniglot_at_28_px_trains_and_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = trained(tmp_path / "out", "plain-28x1", STROKES)
    assert card.transform == "plain-28x1"
    assert (card.config["backbone"]["in_channels"], card.config["backbone"]["image_size"]) == (1, 28)
    assert measured(tmp_path / "out", STROKES, capsys)["episodes"] == 3


def test_photos_at_84_px_train_and_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = photos(tmp_path, 84)
    card = trained(tmp_path / "out", "plain-84x3", data)
    assert card.transform == "plain-84x3"
    assert (card.config["backbone"]["in_channels"], card.config["backbone"]["image_size"]) == (3, 84)
    assert measured(tmp_path / "out", data, capsys)["episodes"] == 3


@pytest.mark.usefixtures("unregistered")
def test_a_transform_of_ones_own_is_named_on_the_card_and_needed_to_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = photos(tmp_path, 32)
    register_transform(own())
    card = trained(tmp_path / "out", "own", data)
    assert (card.transform, card.config["backbone"]["image_size"]) == ("own", 16)
    assert measured(tmp_path / "out", data, capsys)["episodes"] == 3
    picture = image_to_tensor(jpeg("red", (32, 32)), "own").unsqueeze(0)
    assert load_checkpoint(tmp_path / "out").features(picture).shape[0] == 1
    monkeypatch.delitem(TRANSFORMS, "own")
    with pytest.raises(CheckpointError, match=r"transform 'own' is not known here; .* register_transform"):
        load_checkpoint(tmp_path / "out")


@pytest.mark.usefixtures("unregistered")
def test_a_transform_that_leaves_the_range_it_states_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register_transform(own(low=0.0))
    data = photos(tmp_path, 32)
    command = ["train", "--kind", "papers", "--transform", "own", *data, *SMALL.split(), "--out", str(tmp_path / "out")]
    assert main(command) == 1
    wrong = r"made values from -[\d.]+ to [\d.]+, but states 0\.0 to 1\.0; state its low and its high"
    assert re.search(wrong, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--kind", "papers", "--transform", "plain-28"],
            "transform is 'plain-28'; it must be characters, photos, plain-",
        ),
        (["--kind", "characters", "--transform", "plain-28x1"], "characters have their own; name a new kind for it"),
        (["--kind", "papers", "--transform", "plain-28x3", "--backbone-in-channels", "1"], "set its in_channels to 3"),
        (["--kind", "papers", "--transform", "plain-12x1"], "image_size is 12; it must be at least 16 px for conv4"),
    ],
)
def test_a_transform_that_cannot_be_is_refused(
    options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *options, *STROKES, *SMALL.split(), "--out", str(tmp_path / "out")]) == 1
    assert sentence in capsys.readouterr().err
