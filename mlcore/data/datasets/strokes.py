"""Strokes: characters that nobody ever wrote, drawn by program, for machines without any data.

A character is one to four smooth pen strokes. Characters come in *scripts*, which share a small stock of strokes, as
the letters of an alphabet do. Every drawing is a new hand: its writer's slant, size, turn and pen, and small slips.
"""

import zlib
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from mlcore.data.datasets import DatasetRequest
from mlcore.data.datasets.base import PictureDataset
from mlcore.errors import DatasetError

SIDE = 105
N_DRAWERS = 20
CHARACTERS_PER_SCRIPT = 25
N_CLASSES = {"train": 500, "val": 100, "test": 100}

_STOCK = 12  # different strokes in a script
_MAX_STROKES = 4
_CONTROL_POINTS = 5
_SAMPLES = 24  # points drawn between two control points
_CHUNK = 128  # pictures rendered at once


@dataclass(frozen=True)
class _Characters:
    """Control points (n, _MAX_STROKES, _CONTROL_POINTS, 2), about within -1..1, and which strokes are used (n, ...)."""

    points: Tensor
    used: Tensor


def load(request: DatasetRequest) -> PictureDataset:
    """Draw one split; the same seed draws the same pictures, and splits share no character.

    Classes are `scriptNN/characterNN`, groups are scripts, authors are drawers.
    """
    n_classes = N_CLASSES[request.split] if request.n_classes is None else request.n_classes
    side = SIDE if request.image_size is None else request.image_size
    if n_classes < 1 or side < 8:
        raise DatasetError(f"Strokes cannot be drawn as {n_classes} classes of {side} x {side} pixels.")
    generator = torch.Generator().manual_seed(zlib.crc32(f"strokes/{request.split}/{request.seed}".encode()))
    groups = torch.arange(n_classes) // CHARACTERS_PER_SCRIPT
    authors = groups[:, None] * N_DRAWERS + torch.arange(N_DRAWERS)
    images = _draw(_invent(groups, generator), authors, side=side, generator=generator)
    n_groups = int(groups[-1]) + 1
    return PictureDataset(
        name="strokes",
        split=request.split,
        images=images,
        labels=torch.arange(n_classes).repeat_interleave(N_DRAWERS),
        class_names=tuple(
            f"script{group + 1:02d}/character{number % CHARACTERS_PER_SCRIPT + 1:02d}"
            for number, group in enumerate(groups.tolist())
        ),
        groups=groups,
        group_names=tuple(f"script{group + 1:02d}" for group in range(n_groups)),
        authors=authors.flatten(),
    )


def _invent(groups: Tensor, generator: Generator) -> _Characters:
    """Compose a character for each of (n,) groups from its script's stock of strokes."""
    n, n_groups = len(groups), int(groups.max()) + 1
    stock = _smooth_walks(n_groups * _STOCK, generator).reshape(n_groups, _STOCK, _CONTROL_POINTS, 2)
    choice = torch.rand(n, _STOCK, generator=generator).argsort(dim=1)[:, :_MAX_STROKES]
    size = 0.35 + 0.65 * torch.rand(n, _MAX_STROKES, 1, 1, generator=generator)
    place = (torch.rand(n, _MAX_STROKES, 1, 2, generator=generator) * 2 - 1) * (1.1 - size)
    counts = 1 + torch.multinomial(torch.tensor([1.0, 3.0, 4.0, 2.0]), n, replacement=True, generator=generator)
    return _Characters(
        points=stock[groups[:, None], choice] * size + place, used=torch.arange(_MAX_STROKES) < counts[:, None]
    )


def _smooth_walks(n: int, generator: Generator) -> Tensor:
    """Walk with a turning heading, then fit into -1..1: (n, _CONTROL_POINTS, 2)."""
    start = torch.rand(n, 1, generator=generator) * 2 * torch.pi
    bend = 0.9 * torch.randn(n, 1, generator=generator)
    turns = bend + 0.5 * torch.randn(n, _CONTROL_POINTS - 1, generator=generator)
    heading = start + turns.cumsum(dim=1)
    steps = torch.stack([heading.cos(), heading.sin()], dim=-1)
    walk = torch.cat([torch.zeros(n, 1, 2), steps.cumsum(dim=1)], dim=1)
    low, high = walk.amin(dim=1, keepdim=True), walk.amax(dim=1, keepdim=True)
    return (walk - (low + high) / 2) / ((high - low).amax(dim=-1, keepdim=True) / 2)


def _draw(characters: _Characters, authors: Tensor, *, side: int, generator: Generator) -> Tensor:
    """Draw every character by every one of its (n, N_DRAWERS) authors: (n * N_DRAWERS, 1, side, side) uint8."""
    writer = authors.flatten()
    points = characters.points.repeat_interleave(N_DRAWERS, dim=0)
    used = characters.used.repeat_interleave(N_DRAWERS, dim=0)
    transforms, pens = _hands(int(writer.max()) + 1, generator)
    points = points + 0.05 * torch.randn(points.shape, generator=generator)
    points = points + 0.05 * torch.randn(len(points), _MAX_STROKES, 1, 2, generator=generator)
    points = torch.einsum("nspi,nij->nspj", points, transforms[writer])
    points = points + 0.08 * torch.randn(len(points), 1, 1, 2, generator=generator)
    chunks = [slice(start, start + _CHUNK) for start in range(0, len(points), _CHUNK)]
    return torch.cat([_render(points[chunk], used[chunk], pens[writer[chunk]], side) for chunk in chunks])


def _hands(n: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Return linear maps (n, 2, 2) of turn, slant and size, and the widths of pens (n,) in parts of the side."""
    turn = 0.1 * torch.randn(n, generator=generator)
    slant = 0.2 * torch.randn(n, generator=generator)
    size = (0.12 * torch.randn(n, 2, generator=generator)).exp().clamp(0.7, 1.25)
    rotation = torch.stack([turn.cos(), turn.sin(), -turn.sin(), turn.cos()], dim=-1).reshape(n, 2, 2)
    shear = torch.eye(2).repeat(n, 1, 1)
    shear[:, 1, 0] = slant
    pens = (0.2 * torch.randn(n, generator=generator)).exp().clamp(0.6, 1.8) * 0.028
    return torch.diag_embed(size) @ shear @ rotation, pens


def _render(points: Tensor, used: Tensor, pens: Tensor, side: int) -> Tensor:
    """Draw strokes (n, strokes, control points, 2) with round pens (n,): (n, 1, side, side) uint8, 0 ink on 255 paper.

    A Gaussian blob at every point of a densely sampled curve, each weighing the curve's length up to the next, adds up
    to a ridge whose height depends on the distance from the curve alone; ink is where it is above half its top.
    Blobs are products of one factor in x and one in y, so that all of them are one matrix product a picture.
    """
    curve = _spline(points).mul(0.34).add(0.5)  # in parts of the side, with a margin
    length = torch.diff(curve, dim=2, append=curve[:, :, -1:]).norm(dim=-1) * used[:, :, None]
    sigma = (pens / 2.355)[:, None, None]
    centres = (torch.arange(side) + 0.5) / side
    distance = (curve.flatten(1, 2)[..., None] - centres).div_(sigma[..., None])  # (n, points, x and y, side)
    blobs = distance.square_().mul_(-0.5).clamp_(min=-30).exp_()  # smaller values would be denormal, which is slow
    weight = length.flatten(1)[..., None] / (sigma * (2 * torch.pi) ** 0.5)
    ridge = (blobs[:, :, 1] * weight).transpose(1, 2) @ blobs[:, :, 0]
    ink = ((ridge - 0.5) * 3 + 0.5).clamp(0, 1)
    paper: Tensor = (1 - ink) * 255
    return paper.round().to(torch.uint8).unsqueeze(1)


def _spline(points: Tensor) -> Tensor:
    """Sample Catmull-Rom curves through control points: (..., p, 2) -> (..., (p - 1) * _SAMPLES, 2)."""
    first, last = 2 * points[..., :1, :] - points[..., 1:2, :], 2 * points[..., -1:, :] - points[..., -2:-1, :]
    knots = torch.cat([first, points, last], dim=-2)
    p0, p1, p2, p3 = (knots[..., i : i + points.shape[-2] - 1, None, :] for i in range(4))
    t = torch.linspace(0, 1, _SAMPLES + 1)[:-1, None]
    curve = (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3) / 2
    return curve.flatten(-3, -2)
