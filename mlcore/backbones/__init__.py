"""Networks that embed pictures."""

from torch import nn

from mlcore.backbones.layers.adapter import Adapter
from mlcore.config import BACKBONES
from mlcore.method_config.base import MethodConfig


def build_backbone(config: MethodConfig) -> tuple[nn.Module, nn.Module]:
    """Build what is never trained and what is: a pretrained network and its adapter, or nothing and a network.

    They put out what the config says: an `embedding`, (n, embedding_size), or the last feature `map`, (n, *map_shape).
    The second network tells its `embedding_size` and its `map_shape` (channels, h, w).
    """
    network: nn.Module = BACKBONES[config.backbone.name].resolve()(config.backbone, output=config.output)
    if config.is_pretrained:
        return network, Adapter(network, output=config.output, hidden=config.adapter)
    return nn.Identity(), network
