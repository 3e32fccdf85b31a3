"""What a run begins with when it starts from a checkpoint: the backbone of that one, whatever its method."""

from itertools import product
from pathlib import Path

import pytest
import torch
from torch import nn

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from mlcore.cli.commands.train import TrainCommand
from mlcore.errors import ConfigError
from mlcore.method_config import METHODS
from mlcore.methods import build_method
from mlcore.run_config import MetaRunConfig

SMALL = {"backbone": {"name": "conv4", "in_channels": 1, "image_size": 56, "width": 4}}
PHOTOS = {"backbone": {"name": "efficientnet_lite2", "in_channels": 3, "image_size": 448}}


def begun(*, kind: str, method: str, start_from: str, **method_config: object) -> nn.Module:
    """Return the method as its first step meets it."""
    unchanged = {"training": {"affine": 0.0}} if kind == "photos" else {}
    document = {**unchanged, "kind": kind, "method": method, "start_from": start_from, "method_config": method_config}
    options = {"device": "cpu", "threads": 0, "processes": "1", "onnx_folder": None, "resume": None, "events": None}
    config = MetaRunConfig.from_dict(document)
    command = TrainCommand(config=config, out=Path("out"), leave_gpu_mb=0, arguments=(), **options)  # type: ignore[arg-type]
    return command._start()


def same(backbone: nn.Module, other: nn.Module) -> bool:
    weights, others = backbone.state_dict(), other.state_dict()
    return weights.keys() == others.keys() and all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize("start", METHODS)
def test_every_method_goes_on_from_the_backbone_of_every_other(start: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = build_method(start, METHODS[start].config.from_dict(SMALL))
    card = ModelCard(
        name="start", kind="characters", method=start, config=made.config.to_dict(), transform="characters"
    )
    save_checkpoint(tmp_path, made, card)
    for method in METHODS:
        later = begun(kind="characters", method=method, start_from=str(tmp_path), **SMALL)
        assert same(later.backbone, made.backbone), method  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "method"), list(product(["photos-prototypical", "photos-maml"], ["anil", "siamese"]))
)
def test_a_trained_adapter_is_carried_over(start: str, method: str) -> None:
    shipped = load_checkpoint(Path("mlcore/pretrained") / start)
    backbone = shipped.config.backbone.to_dict()
    later = begun(kind="photos", method=method, start_from=start, adapter=32, backbone=backbone)
    assert same(later.backbone, shipped.backbone)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["prototypical", "relation"])
def test_from_a_network_without_an_adapter_a_new_one_begins_by_changing_nothing(method: str) -> None:
    later = begun(kind="photos", method=method, start_from="photos", adapter=16, **PHOTOS)
    features = torch.rand(2, *((1280, 7, 7) if method == "relation" else (1344,)))
    assert torch.equal(later.backbone(features), features)  # type: ignore[operator]


def test_an_adapter_of_maps_is_not_taken_for_one_of_embeddings() -> None:
    start = METHODS["relation"].config.from_dict({**PHOTOS, "adapter": 16})
    document = {"kind": "photos", "method": "maml", "method_config": {**PHOTOS, "adapter": 16}}
    config = MetaRunConfig.from_dict({**document, "training": {"affine": 0.0}})
    with pytest.raises(
        ConfigError, match="learned on the map of its network, and maml works on the embedding"
    ) as error:
        config.require_start(start, name="relations")
    assert error.value.field == "start_from"
