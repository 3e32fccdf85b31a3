"""The networks trained here: the size of what they embed as, and that a picture's neighbours do not matter."""

import pytest
import torch

from mlcore.backbones import build_backbone
from mlcore.config import BackboneConfig


@pytest.mark.parametrize("name", ["conv4", "conv6"])
@pytest.mark.parametrize("side", [32, 50, 56])
def test_an_embedding_has_the_size_that_is_stated(name: str, side: int) -> None:
    backbone = build_backbone(BackboneConfig(name=name, in_channels=3, image_size=side, width=8)).eval()
    assert backbone(torch.rand(2, 3, side, side)).shape == (2, backbone.embedding_size)


@pytest.mark.parametrize("name", ["conv4", "conv6"])
def test_a_picture_alone_embeds_as_it_does_among_others(name: str) -> None:
    torch.manual_seed(0)
    backbone = build_backbone(BackboneConfig(name=name, image_size=56, width=8)).eval()
    pictures = torch.rand(7, 1, 56, 56)
    torch.testing.assert_close(backbone(pictures[:1]), backbone(pictures)[:1], atol=1e-5, rtol=1e-4)
