"""Networks that embed pictures."""

from torch import nn

from mlcore.backbones.layers.adapter import Adapter
from mlcore.config import BACKBONES
from mlcore.method_config.base import MethodConfig


def build_backbone(config: MethodConfig, *, output: str = "embedding") -> tuple[nn.Module, nn.Module]:
    """Build what is never trained and what is: a pretrained network and its adapter, or nothing and a network.

    output: `embedding`, (n, embedding_size), or `map`, the last feature map, (n, *map_shape). The second network tells
    its `embedding_size` and its `map_shape` (channels, h, w).
    """
    registered = BACKBONES[config.backbone.name]
    network: nn.Module = registered.resolve()(config.backbone, output=output)
    if registered.pretrained:
        return network, Adapter(network, output=output, hidden=config.adapter)
    return nn.Identity(), network
