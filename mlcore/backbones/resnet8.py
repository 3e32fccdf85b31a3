"""ResNet8: a small residual network for drawings, made for CPUs.

After He et al., "Deep residual learning for image recognition" (CVPR 2016). Strides instead of pooling put most of the
work where maps are small. The last map keeps a place for every eight pixels and few channels, since what tells two
drawings apart is as often where a stroke lies as what it is.
"""

import math

from torch import Tensor, nn
from torch.nn import functional

from mlcore.backbones.layers.convolution import convolution
from mlcore.config import BackboneConfig


class ResNet8(nn.Module):
    """Three strided convolutions with a residual block after the second and the third, and a narrow last one.

    The embedding is the flat last map, (width / 3) x (side / 8) squared.
    """

    def __init__(self, config: BackboneConfig, *, output: str = "embedding") -> None:
        super().__init__()
        width, channels = config.width, math.ceil(config.width / 3)
        self.stem = convolution(config.in_channels, width // 4, kernel=5, stride=2)
        self.narrow = convolution(width // 4, width // 2, stride=2)
        self.narrow_block = _block(width // 2)
        self.wide = convolution(width // 2, width, stride=2)
        self.wide_block = _block(width)
        self.last = convolution(width, channels)
        side = math.ceil(config.image_size / 8)
        self.map_shape = (channels, side, side)
        self.embedding_size = channels * side**2
        self.shape = nn.Flatten() if output == "embedding" else nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Embed: (n, C, H, W) -> (n, embedding_size), or the last map, (n, *map_shape)."""
        maps = functional.relu(self.stem(images))
        maps = functional.relu(self.narrow(maps))
        maps = functional.relu(maps + self.narrow_block(maps))
        maps = functional.relu(self.wide(maps))
        maps = functional.relu(maps + self.wide_block(maps))
        embedding: Tensor = self.shape(self.last(maps))
        return embedding


def _block(width: int) -> nn.Sequential:
    return nn.Sequential(convolution(width, width), nn.ReLU(), convolution(width, width))
