"""Meta-training: one loop for every method."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from mlcore.config import EpisodeConfig, TrainingConfig
from mlcore.datasets.base import PictureDataset
from mlcore.degrade import several
from mlcore.episode import EpisodeBatch, EpisodeIndex, EpisodeSampler
from mlcore.errors import ConfigError
from mlcore.evaluation import compute_inputs, evaluate, featurise
from mlcore.images import Transform
from mlcore.methods.base import FewShotMethod, Metrics

Report = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class Validation:
    """What chooses between checkpoints: classes apart from the training ones, and the episodes drawn from them."""

    dataset: PictureDataset
    episodes: EpisodeConfig


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
        changes = {"degraded_copies": (config, 0), "affine": (config, 0), "n_rotations": (episodes, 1)}
        for name, (holder, needed) in changes.items():
            if (value := getattr(holder, name)) != needed:
                raise ConfigError(f"{name} is {value}; it must be {needed} with a pretrained backbone")
        self._inputs = compute_inputs(method, dataset.images, transform)

    def gather(self, index: EpisodeIndex) -> EpisodeBatch:
        """Collect the inputs of a batch of episodes."""
        return index.gather(self._inputs)


class TrainingPictures:
    """A data set made ready for episodes: transformed once, kept as uint8, changed at random when drawn.

    Every picture is held as itself and as `degraded_copies` copies spoilt before the transform, which are drawn in
    `degraded_share` of all cases.
    """

    def __init__(
        self, dataset: PictureDataset, transform: Transform, config: TrainingConfig, device: torch.device
    ) -> None:
        self._generator = Generator().manual_seed(config.seed + 1)
        self._affine = config.affine
        self._degraded_share = config.degraded_share
        copies = [dataset.images]
        copies += [several(dataset.images, self._generator) for _ in range(config.degraded_copies)]
        ready = [_to_bytes(transform.apply(chunk)) for copy in copies for chunk in copy.split(1024)]
        self._pictures = torch.cat(ready).unflatten(0, (len(copies), -1)).to(device)

    def gather(self, index: EpisodeIndex) -> EpisodeBatch:
        """Collect the pictures of a batch of episodes: each turned as the index says, and changed at random."""
        return EpisodeBatch(
            support=self._collect(index.support, index.support_turns),
            query=self._collect(index.query, index.query_turns),
            n_way=index.n_way,
            classes=index.classes,
        )

    def _collect(self, rows: Tensor, turns: Tensor) -> Tensor:
        flat = rows.flatten()
        pictures = self._pictures[self._draw_copies(len(flat)), flat].float() / 255
        changed: Tensor = self._change(pictures, turns.flatten()).unflatten(0, rows.shape)
        return changed

    def _draw_copies(self, n: int) -> Tensor:
        """Choose between the clean picture, 0, and its spoilt copies: (n,) int64."""
        if len(self._pictures) == 1:
            return torch.zeros(n, dtype=torch.int64)
        copies = torch.randint(1, len(self._pictures), (n,), generator=self._generator)
        return copies * (torch.rand(n, generator=self._generator) < self._degraded_share)

    def _change(self, pictures: Tensor, turns: Tensor) -> Tensor:
        """Turn by quarters, and scale, turn, slant and move a little, in one resampling: (n, C, H, W) each."""
        n, strength = len(pictures), self._affine
        jitter = torch.empty(n, 2, 3).uniform_(-1, 1, generator=self._generator)
        jitter = jitter * strength * torch.tensor([[0.15, 0.15, 0.1], [0.15, 0.15, 0.1]])
        angle = turns * (math.pi / 2)
        cos, sin = torch.cos(angle), torch.sin(angle)
        quarter = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], 1)
        theta: Tensor = torch.cat([quarter @ (torch.eye(2) + jitter[..., :2]), jitter[..., 2:]], -1).to(pictures)
        grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
        changed: Tensor = functional.grid_sample(pictures, grid, align_corners=False)
        return changed


def _to_bytes(pictures: Tensor) -> Tensor:
    return (pictures * 255).round().to(torch.uint8)


def meta_train(
    method: FewShotMethod,
    dataset: PictureDataset,
    *,
    transform: Transform,
    episodes: EpisodeConfig,
    config: TrainingConfig,
    validation: Validation,
    device: torch.device,
    report: Report,
) -> dict[str, float]:
    """Train in place, and leave the method with the weights that did best on validation; give what that best was.

    `report` gets a dict of plain numbers after each validation. Raise DatasetError if the data cannot fill an episode.
    """
    method.begin_training(dataset.n_classes * episodes.n_rotations)
    method.to(device)
    method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    sampler = EpisodeSampler(dataset, episodes, seed=config.seed)
    pictures: TrainingInputs | TrainingPictures
    if method.is_pretrained:
        pictures = TrainingInputs(method, dataset, transform, config, episodes)
    else:
        pictures = TrainingPictures(dataset, transform, config, device)
    validation_inputs = compute_inputs(method, validation.dataset.images, transform)
    optimizer = _optimizer(method, config)
    best: dict[str, float] = {"accuracy": -1.0}
    best_weights: dict[str, Tensor] = {}
    losses: list[Metrics] = []
    for step, progress in _schedule(config):
        for group in optimizer.param_groups:
            group["lr"] = config.outer_lr * (1 + math.cos(math.pi * progress)) / 2
        method.progress = progress
        losses.append(_step(method, optimizer, pictures.gather(sampler.draw(config.episodes_per_step)), config))
        if step % config.validate_every == 0 or progress == 1.0:
            method.eval()
            scored = _validate(method, validation, validation_inputs, config)
            event = {"step": float(step), "progress": progress, **_mean(losses), **scored}
            losses.clear()
            report(event)
            if scored["accuracy"] > best["accuracy"]:
                best = {**scored, "step": float(step)}
                best_weights = {name: tensor.clone() for name, tensor in method.state_dict().items()}
    method.load_state_dict(best_weights)
    method.end_training()
    method.eval()
    return best


def _optimizer(method: FewShotMethod, config: TrainingConfig) -> torch.optim.Optimizer:
    kind: type[torch.optim.Adam | torch.optim.SGD] = torch.optim.Adam if config.optimizer == "adam" else torch.optim.SGD
    return kind(method.parameters(), lr=config.outer_lr, weight_decay=config.weight_decay)


def _schedule(config: TrainingConfig) -> Iterator[tuple[int, float]]:
    """Count steps with how much of the run is over, 0..1, by steps or by the clock, whichever is further."""
    start = time.monotonic()
    for step in range(1, config.steps + 1):
        progress = step / config.steps
        if config.max_minutes:
            progress = max(progress, min((time.monotonic() - start) / (60 * config.max_minutes), 1.0))
        yield step, progress
        if progress == 1.0:
            return


def _step(
    method: FewShotMethod, optimizer: torch.optim.Optimizer, episodes: EpisodeBatch, config: TrainingConfig
) -> Metrics:
    method.train()
    optimizer.zero_grad()
    metrics = method.accumulate_gradients(episodes)
    if config.clip_norm:
        torch.nn.utils.clip_grad_norm_(method.parameters(), config.clip_norm)
    optimizer.step()
    return metrics


def _validate(
    method: FewShotMethod, validation: Validation, inputs: Tensor, config: TrainingConfig
) -> dict[str, float]:
    sampler = EpisodeSampler(validation.dataset, validation.episodes, seed=config.seed)
    result = evaluate(method, featurise(method, inputs), sampler, n_episodes=config.validation_episodes)
    return {"accuracy": result.accuracy, "ci95": result.ci95}


def _mean(metrics: list[Metrics]) -> Metrics:
    return {f"train_{name}": sum(entry[name] for entry in metrics) / len(metrics) for name in metrics[0]}
