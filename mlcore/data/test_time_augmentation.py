"""Test-time augmentation: embeddings of small changes of a picture are averaged, so that none sways the answer."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional


def none(images: Tensor) -> list[Tensor]:
    """Return the pictures alone: no augmentation."""
    return [images]


def wobble(images: Tensor) -> list[Tensor]:
    """Return the pictures, and these turned by 8 degrees, scaled by a tenth and slanted, each both ways."""
    angle = math.radians(8)
    maps = [
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]],
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]],
        [[0.9, 0.0], [0.0, 0.9]],
        [[1.1, 0.0], [0.0, 1.1]],
        [[1.0, 0.15], [0.0, 1.0]],
        [[1.0, -0.15], [0.0, 1.0]],
    ]
    return [images, *(_warp(images, torch.tensor(map_)) for map_ in maps)]


def _warp(images: Tensor, map_: Tensor) -> Tensor:
    theta = torch.cat([map_, torch.zeros(2, 1)], 1).to(images).expand(len(images), 2, 3)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


VIEWS: dict[str, Callable[[Tensor], list[Tensor]]] = {"none": none, "wobble": wobble}
