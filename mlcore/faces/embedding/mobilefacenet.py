"""MobileFaceNet: Chen et al., "MobileFaceNets: efficient CNNs for accurate real-time face verification on mobile
devices" (CCBR 2018), after MobileNetV2. About a million parameters at its published width of 64."""

import torch
from torch import Tensor, nn

from mlcore.data.images import resized
from mlcore.faces.config import FaceNetworkConfig

SIDE = 112  # of the pictures that it takes, px
BLOCKS = (  # how often channels grow inside, output channels of width 64, blocks, stride of the first
    (2, 64, 5, 2),
    (4, 128, 1, 2),
    (2, 128, 6, 1),
    (4, 128, 1, 2),
    (2, 128, 2, 1),
)
LAST = 512  # channels before the places are weighed, at width 64


class MobileFaceNet(nn.Module):
    """Bottlenecks, then a weight for each place instead of an average over all: a face's middle tells the most."""

    def __init__(self, config: FaceNetworkConfig) -> None:
        super().__init__()
        self.embedding_size = config.embedding_size
        channels, last = config.width, LAST * config.width // 64
        layers: list[nn.Module] = [_convolve(3, channels, 3, stride=2), _convolve(channels, channels, 3, apart=True)]
        for growth, published, count, stride in BLOCKS:
            width = published * config.width // 64
            for position in range(count):
                layers.append(Bottleneck(channels, width, growth=growth, stride=1 if position else stride))
                channels = width
        layers.append(_convolve(channels, last, 1))
        self.body = nn.Sequential(*layers)
        self.places = _convolve(last, last, SIDE // 16, apart=True, padding=0, linear=True)
        self.last = nn.Sequential(nn.Conv2d(last, config.embedding_size, 1, bias=False), nn.Flatten())
        self.norm = nn.BatchNorm1d(config.embedding_size)

    def forward(self, faces: Tensor) -> Tensor:
        """Embed: (n, 3, 112, 112) float32, 0 to 255 -> (n, embedding_size)."""
        scaled = (faces - 127.5) / 128
        embedding: Tensor = self.norm(self.last(self.places(self.body(scaled))))
        return embedding

    @staticmethod
    def inputs(chips: Tensor) -> Tensor:
        """Shrink aligned faces: (n, 3, H, W) uint8 -> (n, 3, 112, 112) uint8."""
        return resized(chips, SIDE)

    def training_inputs(self, chips: Tensor) -> Tensor:
        """Return what training draws from, the faces and their mirror images: (2, n, 3, 112, 112) uint8."""
        return torch.stack([self.inputs(chips), self.inputs(chips.flip(-1))])


class Bottleneck(nn.Module):
    """Widen, look around within each channel, narrow; added to its input where the shape stays."""

    def __init__(self, channels: int, width: int, *, growth: int, stride: int) -> None:
        super().__init__()
        wide = growth * channels
        self.is_residual = stride == 1 and channels == width
        self.layers = nn.Sequential(
            _convolve(channels, wide, 1),
            _convolve(wide, wide, 3, stride=stride, apart=True),
            _convolve(wide, width, 1, linear=True),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Compute: (n, channels, h, w) -> (n, width, h / stride, w / stride)."""
        computed: Tensor = self.layers(maps)
        return maps + computed if self.is_residual else computed


def _convolve(
    channels: int,
    width: int,
    kernel: int,
    *,
    stride: int = 1,
    apart: bool = False,
    padding: int | None = None,
    linear: bool = False,
) -> nn.Sequential:
    """Convolve and normalise; apart: each channel by itself; linear: without the PReLU that follows elsewhere."""
    around = kernel // 2 if padding is None else padding
    groups = channels if apart else 1
    convolution = nn.Conv2d(channels, width, kernel, stride, around, groups=groups, bias=False)
    layers: list[nn.Module] = [convolution, nn.BatchNorm2d(width)]
    return nn.Sequential(*layers, *([] if linear else [nn.PReLU(width)]))
