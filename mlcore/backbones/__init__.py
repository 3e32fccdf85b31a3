"""Networks that embed pictures."""

from torch import nn

from mlcore.config import BACKBONES, BackboneConfig


def build_backbone(config: BackboneConfig) -> nn.Module:
    """Build the network that a config names: (n, C, H, W) -> (n, embedding_size)."""
    backbone: nn.Module = BACKBONES[config.name].resolve()(config)
    return backbone
