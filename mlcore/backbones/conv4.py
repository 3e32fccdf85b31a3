"""Conv4: the four-block network of Vinyals et al., "Matching networks for one shot learning" (NeurIPS 2016)."""

from itertools import pairwise

from torch import Tensor, nn

from mlcore.backbones.layers.batch_norm import BatchNorm2d
from mlcore.config import BackboneConfig


class Conv4(nn.Module):
    """Four times 3x3 convolution, batch norm, ReLU and 2x2 max-pooling; the embedding is the flat last map.

    At 28 px and width 64 the embedding has 64 numbers, at 84 px 1,600.
    """

    def __init__(self, config: BackboneConfig, *, output: str = "embedding") -> None:
        super().__init__()
        channels = [config.in_channels, *[config.width] * 4]
        self.blocks = nn.Sequential(*(_block(a, b) for a, b in pairwise(channels)))
        side = config.image_size // 16
        self.map_shape = (config.width, side, side)
        self.embedding_size = config.width * side**2
        self.shape = nn.Flatten() if output == "embedding" else nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Embed: (n, C, H, W) -> (n, embedding_size), or the last map, (n, *map_shape)."""
        embedding: Tensor = self.shape(self.blocks(images))
        return embedding


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1), BatchNorm2d(out_channels), nn.ReLU(), nn.MaxPool2d(2)
    )
