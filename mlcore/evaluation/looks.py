"""How pictures look, apart from what they show: how sharp, and how colourful; compared within one support set.

Neither means anything by itself: a photo of fog is soft, and of snow is grey. So a picture stands out only against the
others that the same person gave.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

SIDE = 112
"""What pictures are made small to before they are compared, px: what is blurred less than that nobody minds."""
LAPLACIAN = ((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0))
GREY = 0.02
"""Mean difference between the channels, of a range of 2, that a grey picture has at most, and..."""
COLOURFUL = 0.06
"""...that a picture in colour has at least."""
LEAST_CONTRAST = 1e-3


@dataclass(frozen=True)
class Looks:
    """sharpness: (n,) spread of the Laplacian over that of brightness. colour: (n,) range of the channels, 0 to 2."""

    sharpness: Tensor
    colour: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Self:
        """Look at pictures as a transform gave them: (n, C, H, W) float32."""
        small = functional.interpolate(images, size=(SIDE, SIDE), mode="area")
        brightness = small.mean(1, keepdim=True)
        edges = functional.conv2d(brightness, torch.tensor(LAPLACIAN).to(images)[None, None])
        contrast = brightness.flatten(1).std(1).clamp(min=LEAST_CONTRAST)
        return cls(edges.flatten(1).std(1) / contrast, (small.amax(1) - small.amin(1)).flatten(1).mean(1))

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Put pictures that were looked at in parts behind each other."""
        return cls(torch.cat([part.sharpness for part in parts]), torch.cat([part.colour for part in parts]))
