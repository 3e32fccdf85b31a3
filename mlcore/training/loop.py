"""What every training has: a schedule, validations that choose, and states to go on from, bit for bit on a CPU."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from mlcore.config import LoopConfig
from mlcore.errors import Stopped, TrainingError
from mlcore.methods.base import Metrics
from mlcore.training.processes import Team
from mlcore.training.state import TrainingState, optimizer_tensors, restore_optimizer

Event = dict[str, float]
SAVE_SECONDS = 60.0
"""The longest that a run goes on without a state that it could be resumed from, where it keeps any."""


def unkept(state: TrainingState) -> None:
    """Keep nothing."""


def unheard(event: Event) -> None:
    """Do nothing with an event."""


def unstopped() -> bool:
    """Go on to the end."""
    return False


class TrainingLoop(ABC):
    """One run: a module, which is trained in place, and all that a later process needs to go on.

    Each process of a team has one of its own, and goes the same steps.
    """

    rate_name: ClassVar[str]
    """The field of the config that holds the optimiser's rate at the start; it falls to 0 along half a cosine."""

    def __init__(self, module: nn.Module, optimizer: torch.optim.Optimizer, config: LoopConfig, team: Team) -> None:
        self.module, self.optimizer, self.config, self.team = module, optimizer, config, team
        self.step, self.seconds = 0, 0.0
        self.losses: list[Metrics] = []
        self.best: Event = {"accuracy": -1.0}
        self.best_weights: dict[str, Tensor] = {}

    @abstractmethod
    def gather_gradients(self, progress: float) -> Metrics:
        """Leave the gradient of one step in `.grad`, and return its `loss` and whatever else is worth reporting."""

    @abstractmethod
    def score(self) -> Event:
        """Measure the weights as they are on what chooses between them: `accuracy`, `ci95` and whatever else."""

    @abstractmethod
    def generators(self) -> dict[str, Generator]:
        """Return the sources of chance that a state keeps, besides PyTorch's own."""

    def finish(self) -> None:
        """Make the module ready to serve."""
        self.module.eval()

    def run(
        self,
        report: Callable[[Event], None],
        keep: Callable[[TrainingState], None] = unkept,
        *,
        tick: Callable[[Event], None] = unheard,
        stop: Callable[[], bool] = unstopped,
    ) -> Event:
        """Train to the end, and leave the module with the weights that did best on validation; return that best.

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
        self.module.load_state_dict(self.best_weights)
        self.finish()
        return self.best

    def _is_due(self, kept: float) -> bool:
        """Return whether a state is to be kept: by the steps, or because those since the last one took so long."""
        every = self.config.save_every
        return bool(every) and (self.step % every == 0 or time.monotonic() - kept >= SAVE_SECONDS)

    def rehearse(self, n_steps: int, *, max_seconds: float) -> tuple[float, float]:
        """Time up to `n_steps` steps and a validation; return the seconds of each. The run is of no use afterwards."""
        self._train_one_step(0.0)  # the first one allocates
        since, done = time.monotonic(), 0
        while done < n_steps and (not done or time.monotonic() - since < max_seconds):
            self._train_one_step(0.0)
            done += 1
        trained = time.monotonic()
        self._validate(0.0)
        return (trained - since) / done, time.monotonic() - trained

    def _schedule(self) -> Iterator[float]:
        """Count steps, yielding how much of the run is over, 0..1, by steps or by the clock, whichever is further."""
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
        """Take one step along its gradient."""
        for group in self.optimizer.param_groups:
            group["lr"] = getattr(self.config, self.rate_name) * (1 + math.cos(math.pi * progress)) / 2
        self.module.train()
        self.optimizer.zero_grad()
        metrics = self.team.average(self.module, self.gather_gradients(progress))
        if not math.isfinite(metrics["loss"]):
            raise TrainingError(
                f"the loss became {metrics['loss']} at step {self.step}; try a smaller {self.rate_name}"
            )
        if self.config.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.config.clip_norm)
        self.optimizer.step()
        self.losses.append(metrics)

    def _validate(self, progress: float) -> Event:
        """Score the weights as they are, and remember them if they are the best so far."""
        self.module.eval()
        scored = self.score()
        event = {
            "step": float(self.step),
            "progress": progress,
            "seconds": self.seconds,
            **_mean(self.losses),
            **scored,
        }
        self.losses.clear()
        if scored["accuracy"] > self.best["accuracy"]:
            self.best = {**scored, "step": float(self.step)}
            self.best_weights = {name: tensor.clone() for name, tensor in self.module.state_dict().items()}
        return event

    def state(self) -> TrainingState:
        """Return all that changes during a run."""
        tensors = {f"method.{name}": tensor for name, tensor in self.module.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best_weights.items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in optimizer_tensors(self.optimizer).items()}
        tensors |= {f"random.{name}": generator.get_state() for name, generator in self.generators().items()}
        tensors["random.torch"] = torch.get_rng_state()
        numbers = {"step": self.step, "seconds": self.seconds, "best": self.best, "losses": self.losses}
        return TrainingState({name: _plain(tensor) for name, tensor in tensors.items()}, numbers)

    def resume(self, state: TrainingState) -> None:
        """Go on from a state of the same run; raise CheckpointError if it is of another."""
        self.module.load_state_dict(state.part("method", like=self.module.state_dict()))
        self.best_weights = state.part("best")
        restore_optimizer(self.optimizer, state.part("optimizer"))
        for name, generator in self.generators().items():
            generator.set_state(state.tensors[f"random.{name}"])
        torch.set_rng_state(state.tensors["random.torch"])
        numbers: Any = state.numbers
        self.step, self.seconds = numbers["step"], numbers["seconds"]
        self.best, self.losses = numbers["best"], numbers["losses"]


def build_optimizer(module: nn.Module, *, name: str, rate: float, weight_decay: float) -> torch.optim.Optimizer:
    """Build `adam` or `sgd` over all that a module trains."""
    kind: type[torch.optim.Adam | torch.optim.SGD] = torch.optim.Adam if name == "adam" else torch.optim.SGD
    return kind(module.parameters(), lr=rate, weight_decay=weight_decay)


def _plain(tensor: Tensor) -> Tensor:
    """Copy a tensor as files hold it: on the CPU, rows one after the other."""
    return tensor.detach().cpu().contiguous().clone()


def _mean(metrics: list[Metrics]) -> Metrics:
    return {
        f"train_{name}": sum(entry[name] for entry in metrics) / len(metrics)
        for name in (metrics[0] if metrics else ())
    }
