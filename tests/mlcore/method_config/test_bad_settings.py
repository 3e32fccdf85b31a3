"""Settings that cannot work are refused before anything starts: with the field, its value, and what would do."""

from pathlib import Path

import pytest
import torch

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.cli.main import main
from mlcore.config import BackboneConfig
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method

STROKES = "--kind characters --dataset strokes --split train --validation-split val --n-classes 6 --device cpu"
SMALL = "--backbone-image-size 56 --backbone-width 4 --validation-n-way 5 --steps 1"


@pytest.fixture
def other_backbone(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = PrototypicalConfig(backbone=BackboneConfig(image_size=56, width=6))
    card = ModelCard(
        name="other", kind="characters", method="prototypical", config=config.to_dict(), transform="characters"
    )
    save_checkpoint(tmp_path / "other", build_method("prototypical", config), card)
    return tmp_path / "other"


def refusal(capsys: pytest.CaptureFixture[str], out: Path, settings: str) -> str:
    """Try to train with these settings; give what is said, once it is sure that nothing was begun."""
    assert main(["train", "--out", str(out), *f"{STROKES} {SMALL} {settings}".split()]) == 1
    assert not out.exists()
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "field", "value", "remedy"),
    [
        ("--outer-lr 0", "outer_lr", "0.0", "above 0"),
        ("--n-way 1", "n_way", "1", "at least 2"),
        ("--n-way 7", "n_way", "7", "6 classes to draw from"),
        ("--k-shot 15 --n-query 10", "25 pictures", "6 classes", "fewer ways or shots"),
        ("--optimizer rmsprop", "optimizer", "'rmsprop'", "adam or sgd"),
        ("--degraded-share 2", "degraded_share", "2.0", "between 0 and 1"),
        ("--adapter 8", "adapter", "8", "0 with conv4"),
        ("--views blink", "views", "'blink'", "none or wobble"),
        ("--backbone-image-size 8", "image_size", "8", "at least 16 px for conv4"),
        ("--backbone-image-size 28", "1 x 28 px", "1 x 56 px", "image_size to 56"),
        ("--start-from nowhere", "nowhere", "card.json", "characters"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_what_would(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, changed: str, field: str, value: str, remedy: str
) -> None:
    said = refusal(capsys, tmp_path / "out", changed)
    assert field in said
    assert value in said
    assert remedy in said


def test_a_checkpoint_for_another_backbone_is_not_started_from(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, other_backbone: Path
) -> None:
    said = refusal(capsys, tmp_path / "out", f"--start-from {other_backbone}")
    assert f"method_config.backbone.width is 4; it must be 6 to train '{other_backbone}' further" in said


PHOTOS = (
    "--kind photos --affine 0 --backbone-name efficientnet_lite2 --backbone-in-channels 3 --backbone-image-size 448"
)


def test_settings_that_change_pictures_are_refused_with_a_pretrained_backbone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for changed, field in {
        "--affine 1": "training.affine is 1.0",
        "--warped-share 0.5": "training.warped_share is 0.5",
        "--degraded-copies 1": "training.degraded_copies is 1",
        "--n-rotations 4": "episodes.n_rotations is 4",
    }.items():
        assert main(["train", "--out", str(tmp_path / "out"), *f"{STROKES} {PHOTOS} {changed}".split()]) == 1
        assert f"{field}; it must be" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            "--adapter 0 --start-from photos-prototypical --backbone-name efficientnet_lite0",
            "adapter is 0; it must be 32 to train 'photos-prototypical' further",
        ),
        (
            "--start-from photos-maml --adapter 8 --backbone-name efficientnet_lite0",
            "adapter is 8; it must be 32 to train 'photos-maml' further",
        ),
        ("--start-from photos --method relation --backbone-name conv6", "name is 'conv6'; it must be 'efficientnet_"),
        ("--start-from characters --adapter 32", "takes pictures of 1 x 56 px, and photos are 3 x 448 px"),
    ],
)
def test_a_start_that_cannot_be_trained_further_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, changed: str, reason: str
) -> None:
    assert main(["train", "--out", str(tmp_path / "out"), *f"{STROKES} {PHOTOS} {changed}".split()]) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_starting_from_a_checkpoint_takes_its_backbone_and_says_so(tmp_path: Path, other_backbone: Path) -> None:
    settings = f"{STROKES} {SMALL} --backbone-width 6 --outer-lr 1e-12 --n-query 2 --start-from {other_backbone}"
    settings += " --validation-episodes 5"
    assert main(["train", "--out", str(tmp_path / "out"), *settings.split()]) == 0
    card = ModelCard.read(tmp_path / "out")
    digest = ModelCard.read(other_backbone).digest
    assert card.training["start_from"] == {"name": "other", "digest": digest}
    assert card.training["ancestors"] == [{"name": "other", "digest": digest, "data": {}}]
    assert card.data["class_names"][0] == "script01/character01"
    assert len(card.data["class_names"]) == card.data["classes"]


@pytest.mark.parametrize("command", ["train", "evaluate", "calibrate"])
def test_a_backbone_never_meets_the_pictures_that_it_was_pretrained_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    rest = f"--out {tmp_path / 'out'} {PHOTOS}" if command == "train" else "--checkpoint photos"
    assert main([command, *rest.split(), "--dataset", "mini_imagenet", "--data-root", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "dataset is 'mini_imagenet'" in said
    assert "a part of ImageNet, which efficientnet_lite2 was pretrained on" in said
    assert "choose another data set" in said
    assert not (tmp_path / "out").exists()
