"""What every training has: a schedule, validations that choose, and states to go on from, bit for bit on a CPU."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from mlcore.config import LoopConfig
from mlcore.errors import Stopped, TrainingError
from mlcore.methods.base import Metrics
from mlcore.training.processes import Team
from mlcore.training.run_folder import Stop
from mlcore.training.state import TrainingState, optimizer_tensors, restore_optimizer

Event = dict[str, float]
SAVE_SECONDS = 60.0
"""The longest that a run goes on without a state that it could be resumed from, where it keeps any."""
PATIENCE = 50
"""Steps after which it is told whether a run learns at all."""


def unkept(state: TrainingState) -> None:
    """Keep nothing."""


def unheard(event: Event) -> None:
    """Do nothing with an event."""


class TrainingLoop(ABC):
    """One run: a module, which is trained in place, and all that a later process needs to go on.

    Each process of a team has one of its own, and goes the same steps.
    """

    rate_name: ClassVar[str]
    """The field of the config that holds the optimiser's rate at the start; it falls to 0 along half a cosine."""

    def __init__(self, module: nn.Module, optimizer: torch.optim.Optimizer, config: LoopConfig, team: Team) -> None:
        self.module, self.optimizer, self.config, self.team = module, optimizer, config, team
        self.step, self.seconds, self.diverged = 0, 0.0, 0.0
        self.losses: list[Metrics] = []
        self.validated = -1
        self.note = ""
        """What went wrong after the last step, for the card."""
        self.best: Event = {"accuracy": -1.0}
        self.best_weights: dict[str, Tensor] = {}

    @abstractmethod
    def gather_gradients(self, progress: float) -> Metrics:
        """Leave the gradient of one step in `.grad`, and return its `loss` and whatever else is worth reporting.

        `diverged`, if it is there, is the share of what was to be learned from that did not settle, 0..1; it has no
        part in the gradient and in the other numbers.
        """

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
        measuring: Callable[[Event], None] = unheard,
        stop: Stop | None = None,
    ) -> Event:
        """Train to the end, and leave the module with the weights that did best on validation; return that best.

        `report` gets plain numbers after each validation, `measuring` where the run stands before it, `tick` the step
        and its loss after each step; `keep` gets the state every `save_every` steps and every minute of slow ones,
        after the last one, and once more before Stopped is raised because `stop` says so. A step whose loss or gradient
        is no number is not taken; raise TrainingError once most of a run came to nothing. If the last validation fails,
        or most of a short run came to nothing, `note` says so, and no weights are lost.
        """
        kept, stop = time.monotonic(), stop or Stop()
        for progress in self._schedule():
            self._train_one_step(progress)
            tick(self._now(progress) | _mean(self.losses[-1:]))
            if self.step % self.config.validate_every == 0 and progress < 1.0:
                measuring(self._now(progress))
                report(self._validate(progress))
            stopping = progress < 1.0 and bool(self.team.as_the_leader(stop()))
            if self.team.leads and (stopping or self._is_due(kept, progress)):
                keep(self.state())
                kept = time.monotonic()
            if stopping:
                raise Stopped(f"stopped at step {self.step}, as asked; its state is kept")
        if self.validated < self.step:
            measuring(self._now(1.0))
            with stop.at_once() if self.config.save_every else nullcontext():
                event = self._validate_last()
            report(event)
        if self._is_mostly_diverged():
            self.note = f"Learning did not settle: {self._outcome()}. {self.note}".rstrip()
        self.module.load_state_dict(self.best_weights)
        self.finish()
        return self.best

    def _is_due(self, kept: float, progress: float) -> bool:
        """Return whether a state is to be kept: by the steps, at the end, or because the last one was so long ago."""
        every = self.config.save_every
        return bool(every) and (self.step % every == 0 or progress == 1.0 or time.monotonic() - kept >= SAVE_SECONDS)

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
        """Take one step along its gradient, unless that is no number or nothing settled."""
        for group in self.optimizer.param_groups:
            group["lr"] = getattr(self.config, self.rate_name) * (1 + math.cos(math.pi * progress)) / 2
        self.module.train()
        self.optimizer.zero_grad()
        statistics = {name: buffer.clone() for name, buffer in self.module.named_buffers()}
        metrics = self.team.average(self.module, self.gather_gradients(progress))
        metrics = self._take(metrics)
        if diverged := metrics.get("diverged", 0.0):
            for name, buffer in self.module.named_buffers():
                buffer.copy_(statistics[name])
        self.losses.append(metrics)
        self.diverged += diverged
        self._look_back()

    def _take(self, metrics: Metrics) -> Metrics:
        """Take the step if it has a gradient; return its metrics, or that all of it diverged."""
        gradients = [entry.grad for entry in self.module.parameters() if entry.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if metrics.get("diverged") == 1 or not math.isfinite(metrics["loss"]) or not norm.isfinite():
            return {"diverged": 1.0}
        if self.config.clip_norm:
            torch.nn.utils.clip_grads_with_norm_(self.module.parameters(), self.config.clip_norm, norm)
        self.optimizer.step()
        return metrics

    def _look_back(self) -> None:
        """Raise TrainingError, once there was enough to tell, if most of a run did not settle."""
        if self.step >= PATIENCE and self._is_mostly_diverged():
            raise TrainingError(f"learning did not settle: {self._outcome()}")

    def _is_mostly_diverged(self) -> bool:
        return self.diverged > self.step / 2

    def _outcome(self) -> str:
        share = f"{self.diverged / self.step:.0%}"
        return f"by step {self.step}, {share} of it came to no finite gradient; try a smaller {self.rates_in_words()}"

    def rates_in_words(self) -> str:
        """Name the settings that are too large where learning does not settle."""
        return self.rate_name

    def _now(self, progress: float) -> Event:
        return {"step": float(self.step), "progress": progress, "seconds": self.seconds}

    def _validate(self, progress: float) -> Event:
        """Score the weights as they are, and remember them if they are the best so far."""
        self.module.eval()
        scored = self.score()
        self.validated = self.step
        event = {**self._now(progress), **_mean(self.losses), **scored}
        self.losses.clear()
        if scored["accuracy"] > self.best["accuracy"]:
            self.best = {**scored, "step": float(self.step)}
            self.best_weights = self._weights()
        return event

    def _validate_last(self) -> Event:
        """Score the last weights; whatever fails there is noted, and the best weights until then stay, or these."""
        try:
            return self._validate(1.0)
        except Stopped:
            raise
        except Exception as error:
            self.note = f"Its last weights were not validated: {error}."
            self.best_weights = self.best_weights or self._weights()
            return {**self._now(1.0), **_mean(self.losses)}

    def _weights(self) -> dict[str, Tensor]:
        return {name: tensor.clone() for name, tensor in self.module.state_dict().items()}

    def state(self) -> TrainingState:
        """Return all that changes during a run."""
        tensors = {f"method.{name}": tensor for name, tensor in self.module.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best_weights.items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in optimizer_tensors(self.optimizer).items()}
        tensors |= {f"random.{name}": generator.get_state() for name, generator in self.generators().items()}
        tensors["random.torch"] = torch.get_rng_state()
        numbers = {
            "step": self.step,
            "seconds": self.seconds,
            "diverged": self.diverged,
            "validated": self.validated,
            "best": self.best,
            "losses": self.losses,
        }
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
        self.step, self.seconds, self.diverged = numbers["step"], numbers["seconds"], numbers["diverged"]
        self.validated = numbers["validated"]
        self.best, self.losses = numbers["best"], numbers["losses"]


def build_optimizer(module: nn.Module, *, name: str, rate: float, weight_decay: float) -> torch.optim.Optimizer:
    """Build `adam` or `sgd` over all that a module trains."""
    kind: type[torch.optim.Adam | torch.optim.SGD] = torch.optim.Adam if name == "adam" else torch.optim.SGD
    return kind(module.parameters(), lr=rate, weight_decay=weight_decay)


def _plain(tensor: Tensor) -> Tensor:
    """Copy a tensor as files hold it: on the CPU, rows one after the other."""
    return tensor.detach().cpu().contiguous().clone()


def _mean(metrics: list[Metrics]) -> Metrics:
    """Average what steps reported, by `train_` and its name; what did not settle reported nothing but that."""
    names = dict.fromkeys(name for entry in metrics for name in entry)
    reported = {name: [entry[name] for entry in metrics if name in entry] for name in names}
    mean = {f"train_{name}": sum(values) / len(values) for name, values in reported.items()}
    if "diverged" in names:
        mean["train_diverged"] = sum(reported["diverged"]) / len(metrics)
    return mean
