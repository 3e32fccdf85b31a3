"""Conv6: a small strided residual network for drawings, made for CPUs.

After He et al., "Deep residual learning for image recognition" (CVPR 2016): strides instead of pooling put most of the
work where maps are small, so at width 96 a 56 px drawing costs about as much as a 28 px one in Conv4.
"""

import math

from torch import Tensor, nn
from torch.nn import functional

from mlcore.backbones.layers.batch_norm import BatchNorm2d
from mlcore.backbones.layers.convolution import convolution
from mlcore.config import BackboneConfig


class Conv6(nn.Module):
    """Four strided convolutions and a residual block; it embeds as the flat last map, width x (side / 16) squared."""

    def __init__(self, config: BackboneConfig, *, output: str = "embedding") -> None:
        super().__init__()
        width = config.width
        self.stem = convolution(config.in_channels, width // 4, kernel=5, stride=2)
        self.narrow = convolution(width // 4, width // 2, stride=2)
        self.wide = convolution(width // 2, width, stride=2)
        self.residual = nn.Sequential(
            convolution(width, width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            BatchNorm2d(width),
        )
        self.last = convolution(width, width, stride=2)
        side = math.ceil(config.image_size / 16)
        self.map_shape = (width, side, side)
        self.embedding_size = width * side**2
        self.shape = nn.Flatten() if output == "embedding" else nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Embed: (n, C, H, W) -> (n, embedding_size), or the last map, (n, *map_shape)."""
        maps = functional.relu(self.stem(images))
        maps = functional.relu(self.narrow(maps))
        maps = functional.relu(self.wide(maps))
        maps = functional.relu(maps + self.residual(maps))
        embedding: Tensor = self.shape(self.last(maps))
        return embedding
