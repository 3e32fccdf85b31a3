"""The networks trained here: the size of what they embed as, and that a picture's neighbours do not matter."""

from typing import Any

import pytest
import torch

from mlcore.backbones import build_backbone
from mlcore.config import BackboneConfig
from mlcore.method_config.base import MethodConfig


class OnMaps(MethodConfig):
    """The config of a method that works on maps."""

    output = "map"


def built(config: BackboneConfig, kind: type[MethodConfig] = MethodConfig) -> Any:
    _, backbone = build_backbone(kind(backbone=config))
    return backbone.eval()


@pytest.mark.parametrize("name", ["conv4", "conv6", "resnet8"])
@pytest.mark.parametrize("side", [32, 50, 56])
def test_an_embedding_has_the_size_that_is_stated(name: str, side: int) -> None:
    backbone = built(BackboneConfig(name=name, in_channels=3, image_size=side, width=8))
    assert backbone(torch.rand(2, 3, side, side)).shape == (2, backbone.embedding_size)


@pytest.mark.parametrize("name", ["conv4", "conv6", "resnet8"])
def test_a_picture_alone_embeds_as_it_does_among_others(name: str) -> None:
    torch.manual_seed(0)
    backbone = built(BackboneConfig(name=name, image_size=56, width=8))
    pictures = torch.rand(7, 1, 56, 56)
    torch.testing.assert_close(backbone(pictures[:1]), backbone(pictures)[:1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["conv4", "conv6", "resnet8"])
def test_a_map_has_the_shape_that_is_stated_and_the_embedding_is_that_map_flat(name: str) -> None:
    config = BackboneConfig(name=name, image_size=56, width=8)
    flat, mapped = built(config), built(config, OnMaps)
    mapped.load_state_dict(flat.state_dict())
    pictures = torch.rand(2, 1, 56, 56)
    assert mapped(pictures).shape == (2, *mapped.map_shape)
    assert torch.equal(mapped(pictures).flatten(1), flat(pictures))
