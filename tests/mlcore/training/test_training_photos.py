"""Meta-training on top of a pretrained backbone."""

from pathlib import Path

import pytest
import torch

from mlcore.backbones.efficientnet_lite import EfficientNetLite
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.cli.main import main
from mlcore.config import BackboneConfig
from tests.mlcore.data.datasets.files import jpeg, write_folder

COLOURS = {"train": ("red", "navy"), "val": ("gold", "green")}
N_PICTURES = 10  # of a class, as many as fitting a temperature takes
LITE0 = (
    "--kind photos --backbone-name efficientnet_lite2 --backbone-in-channels 3 --backbone-image-size 448 --device cpu"
)
EPISODES = "--split train --validation-split val --affine 0 --n-way 2 --n-query 2 --validation-n-way 2"


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    files = {
        f"{split}/{colour}/{number}.jpg": jpeg(colour, (40 + 4 * number, 60))
        for split, colours in COLOURS.items()
        for colour in colours
        for number in range(N_PICTURES)
    }
    return write_folder(tmp_path / "photos", files)


def train(out: Path, root: Path, more: str) -> list[str]:
    data = f"--dataset image_folder --data-root {root} --image-size 48 --validation-episodes 5"
    return ["train", "--out", str(out), *f"{LITE0} {EPISODES} {data} {more}".split()]


def test_a_head_is_trained_over_the_onnx_export_and_its_card_names_the_weights(
    photos: Path, onnx: Path, tmp_path: Path
) -> None:
    out = tmp_path / "head"
    assert main(train(out, photos, f"--adapter 4 --steps 3 --onnx {onnx}")) == 0
    assert list(onnx.glob("*.onnx"))
    method = load_checkpoint(out)
    assert method.card is not None
    packages = EfficientNetLite(BackboneConfig(name="efficientnet_lite2", in_channels=3, image_size=448)).packages()
    assert method.card.packages == packages
    assert set(method.state_dict()) == {
        "log_scale",
        *(f"backbone.{n}.{w}" for n in ("down", "up") for w in ("weight", "bias")),
    }
    assert method.backbone.get_parameter("up.weight").abs().max() > 0


def test_no_steps_at_all_save_the_method_as_it_begins(photos: Path, onnx: Path, tmp_path: Path) -> None:
    out = tmp_path / "plain"
    assert main(train(out, photos, f"--steps 0 --adapter 0 --onnx {onnx}")) == 0
    method = load_checkpoint(out)
    assert list(method.state_dict()) == ["log_scale"]
    assert method.card is not None
    assert method.card.training["validation"] == pytest.approx(
        {"accuracy": 1.0, "ci95": 0.0, "diverged": 0.0, "step": 0.0}
    )
    assert method.card.temperature > 0
    torch.testing.assert_close(method.get_parameter("log_scale"), torch.tensor(10.0).log())
