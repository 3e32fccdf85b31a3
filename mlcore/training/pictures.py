"""What episodes of meta-training are gathered from: a data set made ready once, and changed at random when drawn."""

import math
from functools import cached_property

import torch
from torch import Generator, Tensor
from torch.nn import functional

from mlcore.config import EpisodeConfig, TrainingConfig, require_unchanged_pictures
from mlcore.data.corruptions import several
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeBatch, EpisodeIndex
from mlcore.data.images import Transform
from mlcore.errors import ConfigError
from mlcore.evaluation.episodes import compute_inputs
from mlcore.methods.base import FewShotMethod

EVERY = slice(None)
WARPED_SIZE = 1.08
"""How much of the paper a warped episode shows, 1 being all: a corner may turn out of it."""


class TrainingInputs:
    """A data set seen once through a pretrained backbone; what is drawn is never changed.

    Raise ConfigError for settings that would change pictures.
    """

    def __init__(
        self,
        method: FewShotMethod,
        dataset: PictureDataset,
        transform: Transform,
        config: TrainingConfig,
        episodes: EpisodeConfig,
    ) -> None:
        require_unchanged_pictures(episodes, config)
        self._method, self._dataset, self._transform = method, dataset, transform

    def gather(self, index: EpisodeIndex, share: slice = EVERY) -> EpisodeBatch:
        """Collect the inputs of a share of the episodes that were drawn."""
        return index.share(share).gather(self._inputs)

    @cached_property
    def _inputs(self) -> Tensor:
        return compute_inputs(self._method, self._dataset.images, self._transform)


class TrainingPictures:
    """A data set made ready for episodes: transformed once, kept as uint8, changed at random when drawn.

    Every picture is held as itself and as `degraded_copies` copies spoilt before the transform, which are drawn in
    `degraded_share` of all cases.
    """

    def __init__(
        self, dataset: PictureDataset, transform: Transform, config: TrainingConfig, device: torch.device
    ) -> None:
        self.generator = Generator().manual_seed(config.seed + 1)
        self._affine = config.affine
        self._corrupted_share = config.degraded_share
        self._warped_share = config.warped_share
        copies = [dataset.images]
        copies += [several(dataset.images, self.generator) for _ in range(config.degraded_copies)]
        chunks = [chunk for copy in copies for chunk in copy.split(1024)]
        self._transform = transform
        ready = [self._as_bytes(transform.apply(chunk.to(device))) for chunk in chunks]
        self._pictures = torch.cat(ready).unflatten(0, (len(copies), -1))

    def _as_bytes(self, pictures: Tensor) -> Tensor:
        """Keep transformed pictures in 256 steps; raise ConfigError if they leave the range that is stated for them."""
        low, high = self._transform.low, self._transform.high
        lowest, highest = pictures.min().item(), pictures.max().item()
        if lowest < low - 1e-3 or highest > high + 1e-3:
            raise ConfigError(
                f"transform {self._transform.name!r} made values from {lowest:.3g} to {highest:.3g}, but states {low} "
                f"to {high}; state its low and its high"
            )
        return ((pictures - low) / (high - low) * 255).round().clamp(0, 255).to(torch.uint8)

    def _values(self, pictures: Tensor) -> Tensor:
        """Undo `_as_bytes`."""
        low, high = self._transform.low, self._transform.high
        return pictures.float() / 255 * (high - low) + low

    def gather(self, index: EpisodeIndex, share: slice = EVERY) -> EpisodeBatch:
        """Collect the pictures of a share of the episodes: each turned as the index says, and changed at random.

        What happens by chance is drawn for all episodes, so that an episode is the same whoever gathers it.
        """
        warps = self._draw_warps(len(index.support))
        return EpisodeBatch(
            support=self._collect(index.support, index.support_turns, warps, share),
            query=self._collect(index.query, index.query_turns, warps, share),
            n_way=index.n_way,
            classes=index.classes[share],
        )

    def _collect(self, rows: Tensor, turns: Tensor, warps: Tensor, share: slice) -> Tensor:
        copies = self._draw_copies(rows.numel()).view_as(rows)[share]
        jitter = self._uniform(*rows.shape, 2, 3)[share]
        maps = _rotations(turns[share].flatten() * (math.pi / 2)) @ warps[share].repeat_interleave(rows.shape[1], 0)
        pictures = self._values(self._pictures[copies.flatten(), rows[share].flatten()])
        changed: Tensor = self._change(pictures, maps, jitter.flatten(0, 1)).unflatten(0, copies.shape)
        return changed

    def _draw_warps(self, n_episodes: int) -> Tensor:
        """Draw what all pictures of an episode go through alike, or do not: (n_episodes, 2, 2)."""
        still = torch.eye(2).repeat(n_episodes, 1, 1)
        if not self._warped_share:
            return still
        angle, slant = self._uniform(n_episodes) * math.pi, self._uniform(n_episodes, 2, 2)
        mirror = torch.diag_embed(torch.stack([self._uniform(n_episodes).sign(), torch.ones(n_episodes)], -1))
        warps = _rotations(angle) @ (still + slant * torch.tensor([[0.25, 0.35], [0.35, 0.25]])) @ mirror
        drawn = torch.rand(n_episodes, 1, 1, generator=self.generator) < self._warped_share
        return torch.where(drawn, WARPED_SIZE * warps, still)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.empty(shape).uniform_(-1, 1, generator=self.generator)

    def _draw_copies(self, n: int) -> Tensor:
        """Choose between the clean picture, 0, and its spoilt copies: (n,) int64."""
        if len(self._pictures) == 1:
            return torch.zeros(n, dtype=torch.int64)
        copies = torch.randint(1, len(self._pictures), (n,), generator=self.generator)
        return copies * (torch.rand(n, generator=self.generator) < self._corrupted_share)

    def _change(self, pictures: Tensor, maps: Tensor, jitter: Tensor) -> Tensor:
        """Apply linear maps (n, 2, 2), and scale, turn, slant and move a little, in one resampling: (n, C, H, W).

        jitter: (n, 2, 3), -1 to 1.
        """
        jitter = jitter * self._affine * torch.tensor([[0.15, 0.15, 0.1], [0.15, 0.15, 0.1]])
        theta: Tensor = torch.cat([maps @ (torch.eye(2) + jitter[..., :2]), jitter[..., 2:]], -1).to(pictures)
        grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
        changed: Tensor = functional.grid_sample(pictures, grid, align_corners=False)
        return changed


def _rotations(angles: Tensor) -> Tensor:
    """Return the maps that turn by angles (n,), in radians: (n, 2, 2)."""
    cos, sin = torch.cos(angles), torch.sin(angles)
    return torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], 1)
