"""Spoil pictures of ink as scanners, phones and hurried people do: for training that withstands it, and to measure it.

Every corruption takes (n, 1, H, W) uint8, 255 paper and 0 ink, and a generator, and draws its strength for each
picture alone; lengths are fractions of the picture's side, so they mean the same at any size.
"""

import io
import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor
from torch.nn import functional

from mlcore.errors import ConfigError

OMNIGLOT_SIDE = 105  # the side that stroke widths are stated at, px
_CHUNK = 1024  # pictures spoilt at once, so that a whole data set fits in memory

Corruption = Callable[[Tensor, Generator], Tensor]


def _uniform(n: int, low: float, high: float, generator: Generator) -> Tensor:
    return torch.empty(n).uniform_(low, high, generator=generator)


def _warp(images: Tensor, scale: Tensor, angle: Tensor, shift_x: Tensor, shift_y: Tensor) -> Tensor:
    """Scale, turn (radians) and move (fractions of the side) the ink on its paper."""
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    theta = torch.stack(
        [
            torch.stack([cos, sin, -2 * (cos * shift_x + sin * shift_y)], -1),
            torch.stack([-sin, cos, -2 * (cos * shift_y - sin * shift_x)], -1),
        ],
        1,
    )
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    ink = functional.grid_sample(1 - images.float() / 255, grid, align_corners=False)
    return ((1 - ink) * 255).round().to(torch.uint8)


def inverted(images: Tensor, generator: Generator) -> Tensor:
    """Turn ink light, and paper dark."""
    return 255 - images


def scaled(images: Tensor, generator: Generator) -> Tensor:
    """Draw ink 0.4 to 1.6 times as large; what leaves the paper is lost."""
    n = len(images)
    zero = torch.zeros(n)
    return _warp(images, torch.exp(_uniform(n, math.log(0.4), math.log(1.6), generator)), zero, zero, zero)


def shifted(images: Tensor, generator: Generator) -> Tensor:
    """Move ink by up to a quarter of the side each way; what leaves the paper is lost."""
    n = len(images)
    move = [_uniform(n, -0.25, 0.25, generator) for _ in range(2)]
    return _warp(images, torch.ones(n), torch.zeros(n), *move)


def rotated(images: Tensor, generator: Generator) -> Tensor:
    """Turn ink by up to 10 degrees."""
    n = len(images)
    zero = torch.zeros(n)
    return _warp(images, torch.ones(n), _uniform(n, -math.pi / 18, math.pi / 18, generator), zero, zero)


def restroked(images: Tensor, generator: Generator) -> Tensor:
    """Make strokes 1 to 7 px wide at 105 px: thin the drawing to its skeleton, and draw that with another pen."""
    side = images.shape[-1]
    width = _uniform(len(images), 1, 7, generator) * side / OMNIGLOT_SIDE
    skeleton = _skeleton((images < 128).float())
    ink = skeleton.clone()
    for step in range(1, math.ceil(7 * side / OMNIGLOT_SIDE / 2) + 1):
        wider = _dilate(ink, step)
        grow = ((width - 1) / 2 - (step - 1)).clamp(0, 1).reshape(-1, 1, 1, 1)
        ink = torch.maximum(ink, wider * grow)
    return ((1 - ink) * 255).round().to(torch.uint8)


def _dilate(ink: Tensor, step: int) -> Tensor:
    """Grow ink by one pixel; a cross and a square in turn make an octagonal pen."""
    if step % 2 == 0:
        return functional.max_pool2d(ink, 3, stride=1, padding=1)
    across = functional.max_pool2d(ink, (1, 3), stride=1, padding=(0, 1))
    return torch.maximum(across, functional.max_pool2d(ink, (3, 1), stride=1, padding=(1, 0)))


def _skeleton(ink: Tensor) -> Tensor:
    """Thin strokes to about one pixel (Zhang & Suen, Communications of the ACM 27, 1984)."""
    ink = functional.pad(ink, (1, 1, 1, 1))
    for _ in range(2 * 12):
        before = ink
        for first in (True, False):
            ink = ink * ~_removable(ink, first=first)
        if torch.equal(before, ink):
            break
    return ink[..., 1:-1, 1:-1]


def _removable(ink: Tensor, *, first: bool) -> Tensor:
    north, east = torch.roll(ink, 1, -2), torch.roll(ink, -1, -1)
    south, west = torch.roll(ink, -1, -2), torch.roll(ink, 1, -1)
    ring = [
        north, torch.roll(north, -1, -1), east, torch.roll(south, -1, -1),
        south, torch.roll(south, 1, -1), west, torch.roll(north, 1, -1),
    ]  # fmt: skip
    neighbours = torch.stack(ring).sum(0)
    rises = sum((1 - ring[i]) * ring[(i + 1) % 8] for i in range(8))
    corner = (north * east * south, east * south * west) if first else (north * east * west, north * south * west)
    return (neighbours >= 2) & (neighbours <= 6) & (rises == 1) & (corner[0] == 0) & (corner[1] == 0)


def unevenly_lit(images: Tensor, generator: Generator) -> Tensor:
    """Let light fall off linearly to a third across the paper, in any direction."""
    n, _, height, width = images.shape
    angle = _uniform(n, 0, 2 * math.pi, generator).reshape(-1, 1, 1, 1)
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    along = (torch.cos(angle) * x + torch.sin(angle) * y) / (torch.cos(angle).abs() + torch.sin(angle).abs())
    return (images.float() * (2 / 3 + along / 3)).round().to(torch.uint8)


def ruled(images: Tensor, generator: Generator) -> Tensor:
    """Draw horizontal lines every sixth to third of the side, a hundredth thick, grey to nearly black."""
    n, _, height, _ = images.shape
    spacing = (_uniform(n, 1 / 6, 1 / 3, generator) * height).reshape(-1, 1)
    offset = _uniform(n, 0, 1, generator).reshape(-1, 1) * spacing
    thickness = _uniform(n, 0.6, 1.6, generator).reshape(-1, 1) * height / OMNIGLOT_SIDE
    grey = _uniform(n, 40, 170, generator).reshape(-1, 1, 1, 1)
    rows = (torch.arange(height) - offset).remainder(spacing)
    on_line = (torch.minimum(rows, spacing - rows) < thickness / 2 + 0.2).reshape(n, 1, height, 1)
    return torch.where(on_line, torch.minimum(images.float(), grey), images.float()).to(torch.uint8)


def noisy(images: Tensor, generator: Generator) -> Tensor:
    """Add Gaussian noise of standard deviation 0.1 of the range from black to white."""
    noise = torch.empty(images.shape).normal_(0, 0.1 * 255, generator=generator)
    return (images.float() + noise).round().clamp(0, 255).to(torch.uint8)


def jpeg(images: Tensor, generator: Generator) -> Tensor:
    """Encode as JPEG at quality 30."""
    return torch.stack([_through_jpeg(image, quality=30) for image in images])


def _through_jpeg(image: Tensor, *, quality: int) -> Tensor:
    buffer = io.BytesIO()
    Image.fromarray(image[0].numpy(), mode="L").save(buffer, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(buffer)))[None]


CORRUPTIONS: dict[str, Corruption] = {
    "rotated": rotated,
    "scaled": scaled,
    "shifted": shifted,
    "restroked": restroked,
    "ruled": ruled,
    "unevenly_lit": unevenly_lit,
    "inverted": inverted,
    "noisy": noisy,
    "jpeg": jpeg,
}
"""In the order in which the world applies them: the hand, the pen, the paper, the light, the camera, the file."""


def several(images: Tensor, generator: Generator, *, count: int = 3) -> Tensor:
    """Apply `count` corruptions, drawn at random for each picture, in the order of `CORRUPTIONS`."""
    if not len(images):
        return images
    chosen = torch.rand(len(images), len(CORRUPTIONS), generator=generator).argsort(1) < count
    images = images.clone()
    for column, corrupt in enumerate(CORRUPTIONS.values()):
        rows = chosen[:, column].nonzero()[:, 0]
        if len(rows):
            images[rows] = corrupt(images[rows], generator)
    return images


def corrupted(images: Tensor, name: str, *, seed: int) -> Tensor:
    """Spoil every picture on its own by a corruption's name, by `several` or by `none`.

    Raise ConfigError if there is no such corruption.
    """
    if name == "none":
        return images
    corruptions = {**CORRUPTIONS, "several": several}
    if name not in corruptions:
        raise ConfigError(f"degrade is {name!r}; it must be none, {', '.join(corruptions)}")
    generator = Generator().manual_seed(seed)
    return torch.cat([corruptions[name](chunk, generator) for chunk in images.split(_CHUNK)])
