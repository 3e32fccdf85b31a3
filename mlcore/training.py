"""Meta-training: one loop for every method, which can be stopped anywhere and go on later, bit for bit on a CPU."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mlcore.config import EpisodeConfig, TrainingConfig
from mlcore.datasets.base import PictureDataset
from mlcore.episode import EpisodeSampler
from mlcore.errors import Stopped, TrainingError
from mlcore.evaluation import compute_inputs, evaluate, featurise
from mlcore.images import Transform
from mlcore.methods.base import FewShotMethod, Metrics
from mlcore.precision import computing_in
from mlcore.processes import Team
from mlcore.training_pictures import TrainingInputs, TrainingPictures
from mlcore.training_state import TrainingState, optimizer_tensors, restore_optimizer

Event = dict[str, float]
SAVE_SECONDS = 60.0
"""The longest that a run goes on without a state that it could be resumed from, where it keeps any."""


@dataclass(frozen=True)
class Validation:
    """What chooses between checkpoints: classes apart from the training ones, and the episodes drawn from them."""

    dataset: PictureDataset
    episodes: EpisodeConfig


def unkept(state: TrainingState) -> None:
    """Keep nothing."""


def unheard(event: Event) -> None:
    """Tell nobody."""


def unstopped() -> bool:
    """Go on to the end."""
    return False


class MetaTraining:
    """One run: the method, which is trained in place, and all that a later process needs to go on.

    Each process of a team has one of its own, and goes the same steps. Raise DatasetError if the data cannot fill an
    episode, ConfigError if the team cannot share a step's episodes evenly.
    """

    def __init__(
        self,
        method: FewShotMethod,
        dataset: PictureDataset,
        *,
        transform: Transform,
        episodes: EpisodeConfig,
        config: TrainingConfig,
        validation: Validation,
        team: Team,
    ) -> None:
        self.method, self.config, self.validation, self.team = method, config, validation, team
        self.share = team.share(config.episodes_per_step)
        method.begin_training(dataset.n_classes * episodes.n_rotations)
        method.to(team.device)
        method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.sampler = EpisodeSampler(dataset, episodes, seed=config.seed)
        self.pictures: TrainingInputs | TrainingPictures
        if method.is_pretrained:
            self.pictures = TrainingInputs(method, dataset, transform, config, episodes)
        else:
            self.pictures = TrainingPictures(dataset, transform, config, team.device)
        self.validation_inputs = compute_inputs(method, validation.dataset.images, transform)
        self.optimizer = _optimizer(method, config)
        self.step, self.seconds = 0, 0.0
        self.losses: list[Metrics] = []
        self.best: Event = {"accuracy": -1.0}
        self.best_weights: dict[str, Tensor] = {}

    def run(
        self,
        report: Callable[[Event], None],
        keep: Callable[[TrainingState], None] = unkept,
        *,
        tick: Callable[[Event], None] = unheard,
        stop: Callable[[], bool] = unstopped,
    ) -> Event:
        """Train to the end, and leave the method with the weights that did best on validation; give what that best was.

        `report` gets plain numbers after each validation, `tick` the step and its loss after each step; `keep` gets the
        state every `save_every` steps and every minute of slow ones, and once more before Stopped is raised because
        `stop` says so. Raise TrainingError if the loss is no longer a number.
        """
        if not self.config.steps:
            report(self._validate(1.0))
        kept = time.monotonic()
        for progress in self._schedule():
            self._train_one_step(progress)
            now = {"step": float(self.step), "progress": progress, "seconds": self.seconds}
            tick({**now, "train_loss": self.losses[-1]["loss"]})
            if self.step % self.config.validate_every == 0 or progress == 1.0:
                report(self._validate(progress))
            stopping = progress < 1.0 and bool(self.team.as_the_leader(stop()))
            if self.team.leads and (stopping or (progress < 1.0 and self._is_due(kept))):
                keep(self.state())
                kept = time.monotonic()
            if stopping:
                raise Stopped(f"stopped at step {self.step}, as asked; its state is kept")
        self.method.load_state_dict(self.best_weights)
        self.method.end_training()
        self.method.eval()
        return self.best

    def _is_due(self, kept: float) -> bool:
        """Say whether a state is to be kept: by the steps, or because those since the last one took so long."""
        every = self.config.save_every
        return bool(every) and (self.step % every == 0 or time.monotonic() - kept >= SAVE_SECONDS)

    def rehearse(self, n_steps: int, *, most_seconds: float) -> tuple[float, float]:
        """Time up to `n_steps` steps and a validation; give the seconds of each. The run is of no use afterwards."""
        self._train_one_step(0.0)  # the first one allocates
        since, done = time.monotonic(), 0
        while done < n_steps and (not done or time.monotonic() - since < most_seconds):
            self._train_one_step(0.0)
            done += 1
        trained = time.monotonic()
        self._validate(0.0)
        return (trained - since) / done, time.monotonic() - trained

    def _schedule(self) -> Iterator[float]:
        """Count steps, giving how much of the run is over, 0..1, by steps or by the clock, whichever is further."""
        since = time.monotonic() - self.seconds
        while self.step < self.config.steps:
            self.step += 1
            self.seconds = time.monotonic() - since
            progress = self.step / self.config.steps
            if self.config.max_minutes:
                progress = max(progress, min(self.seconds / (60 * self.config.max_minutes), 1.0))
            progress = self.team.as_the_leader(progress)
            yield progress
            if progress == 1.0:
                return

    def _train_one_step(self, progress: float) -> None:
        """Draw episodes, gather the outer gradient, and follow it; the rate falls to 0 along half a cosine."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.outer_lr * (1 + math.cos(math.pi * progress)) / 2
        self.method.train()
        self.method.progress = progress
        self.optimizer.zero_grad()
        episodes = self.pictures.gather(self.sampler.draw(self.config.episodes_per_step), self.share)
        with computing_in(self.method.backbone, self.config.precision):
            metrics = self.method.accumulate_gradients(episodes)
        metrics = self.team.average(self.method, metrics)
        if not math.isfinite(metrics["loss"]):
            raise TrainingError(f"the loss became {metrics['loss']} at step {self.step}; try a smaller outer_lr")
        if self.config.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.method.parameters(), self.config.clip_norm)
        self.optimizer.step()
        self.losses.append(metrics)

    def _validate(self, progress: float) -> Event:
        """Score the weights as they are, and remember them if they are the best so far."""
        self.method.eval()
        sampler = EpisodeSampler(self.validation.dataset, self.validation.episodes, seed=self.config.seed)
        features = featurise(self.method, self.validation_inputs)
        found = evaluate(self.method, features, sampler, n_episodes=self.config.validation_episodes)
        scored = {"accuracy": found.accuracy, "ci95": found.ci95}
        event = {
            "step": float(self.step),
            "progress": progress,
            "seconds": self.seconds,
            **_mean(self.losses),
            **scored,
        }
        self.losses.clear()
        if found.accuracy > self.best["accuracy"]:
            self.best = {**scored, "step": float(self.step)}
            self.best_weights = {name: tensor.clone() for name, tensor in self.method.state_dict().items()}
        return event

    def state(self) -> TrainingState:
        """Give all that changes during a run."""
        tensors = {f"method.{name}": tensor for name, tensor in self.method.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best_weights.items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in optimizer_tensors(self.optimizer).items()}
        tensors |= {"random.sampler": self.sampler.generator.get_state(), "random.torch": torch.get_rng_state()}
        if isinstance(self.pictures, TrainingPictures):
            tensors["random.pictures"] = self.pictures.generator.get_state()
        numbers = {"step": self.step, "seconds": self.seconds, "best": self.best, "losses": self.losses}
        return TrainingState({name: _plain(tensor) for name, tensor in tensors.items()}, numbers)

    def resume(self, state: TrainingState) -> None:
        """Go on from a state of the same run; raise CheckpointError if it is of another."""
        self.method.load_state_dict(state.part("method", like=self.method.state_dict()))
        self.best_weights = state.part("best")
        restore_optimizer(self.optimizer, state.part("optimizer"))
        self.sampler.generator.set_state(state.tensors["random.sampler"])
        torch.set_rng_state(state.tensors["random.torch"])
        if isinstance(self.pictures, TrainingPictures):
            self.pictures.generator.set_state(state.tensors["random.pictures"])
        numbers: Any = state.numbers
        self.step, self.seconds = numbers["step"], numbers["seconds"]
        self.best, self.losses = numbers["best"], numbers["losses"]


def _optimizer(method: FewShotMethod, config: TrainingConfig) -> torch.optim.Optimizer:
    kind: type[torch.optim.Adam | torch.optim.SGD] = torch.optim.Adam if config.optimizer == "adam" else torch.optim.SGD
    return kind(method.parameters(), lr=config.outer_lr, weight_decay=config.weight_decay)


def _plain(tensor: Tensor) -> Tensor:
    """Copy a tensor as files hold it: on the CPU, rows one after the other."""
    return tensor.detach().cpu().contiguous().clone()


def _mean(metrics: list[Metrics]) -> Metrics:
    return {
        f"train_{name}": sum(entry[name] for entry in metrics) / len(metrics)
        for name in (metrics[0] if metrics else ())
    }
