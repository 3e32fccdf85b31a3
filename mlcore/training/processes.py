"""Share a meta-training run among processes, one a GPU: each learns from its share of a step's episodes.

They are started by `torchrun`, or by the run itself for `--processes N`; its helpers then end with it. They hold the
same weights and draw the same random numbers, so a run's state is that of any of them, and another number of processes
can go on from it. Their mean gradient is that of all episodes, but for batch norm, which sees one share at a time.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, distributed, nn

from mlcore.errors import ConfigError, Stopped
from mlcore.methods.base import Metrics
from mlcore.training.run_folder import ENDED_WITH_PARENT

AUTO = "auto"
MEETING_PLACE = "MLCORE_MEETING_PLACE"
"""Environment variable that tells a helper the file where it finds the others; torchrun has means of its own."""
PATIENCE = timedelta(hours=2)
"""How long a process waits for the others, who may still be reading a large data set."""


@dataclass(frozen=True)
class Team:
    """The processes of one run, seen from one of them; a run of one process is a team too.

    device: where this one computes. rank: 0 leads: it alone reports events, keeps states and saves the checkpoint.
    """

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Return whether this is the process that speaks for the run."""
        return self.rank == 0

    def share(self, n_episodes: int) -> slice:
        """Return which of a step's episodes are this one's; raise ConfigError if they cannot be shared evenly."""
        share, left = divmod(n_episodes, self.size)
        if left:
            raise ConfigError(
                f"episodes_per_step is {n_episodes}, which {self.size} processes cannot share evenly; ask for a "
                f"multiple of {self.size}",
                field="episodes_per_step",
            )
        return slice(self.rank * share, (self.rank + 1) * share)

    def average(self, module: nn.Module, metrics: Metrics) -> Metrics:
        """Replace a module's gradients and running statistics by their mean over the team; return that of metrics.

        Where nothing settled in one process, it has no gradients, which count as zeros, and its metrics weigh nothing.
        """
        if self.size == 1:
            return metrics
        trained = [entry for entry in module.parameters() if entry.requires_grad]
        present = torch.tensor([float(entry.grad is not None) for entry in trained], device=self.device)
        grads = [torch.zeros_like(entry) if entry.grad is None else entry.grad for entry in trained]
        statistics = [entry for entry in module.buffers() if entry.is_floating_point()]
        settled = 1 - metrics.get("diverged", 0.0)
        weighed = {name: value * settled for name, value in metrics.items() if name != "diverged"}
        numbers = torch.tensor([*weighed.values(), settled], dtype=torch.float64, device=self.device)
        self._average([*grads, *statistics, present, numbers])
        for entry, grad, shared in zip(trained, grads, present.tolist(), strict=True):
            entry.grad = grad if shared else None
        *means, settled = numbers.tolist()
        averaged = {name: mean / (settled or 1.0) for name, mean in zip(weighed, means, strict=True)}
        return averaged | ({"diverged": 1 - settled} if "diverged" in metrics else {})

    def _average(self, tensors: list[Tensor]) -> None:
        """Average tensors in place, sent as one."""
        sent = torch.cat([entry.flatten().float() for entry in tensors])
        distributed.all_reduce(sent)
        means = (sent / self.size).split([entry.numel() for entry in tensors])
        for entry, mean in zip(tensors, means, strict=True):
            entry.copy_(mean.view_as(entry))

    def as_the_leader(self, number: float) -> float:
        """Return the leader's number, whatever this one's is: what follows a clock or a signal has to be agreed on."""
        if self.size == 1:
            return number
        agreed = torch.tensor([number], dtype=torch.float64, device=self.device)
        distributed.broadcast(agreed, src=0)
        return float(agreed.item())


def count_processes(requested: str, *, device: torch.device, n_episodes: int) -> int:
    """Turn `auto` or a number into how many processes a run has here; raise ConfigError if there cannot be so many.

    `auto` is one a GPU, as many as can share a step's episodes evenly; a device that names one GPU leaves it at one.
    """
    gpus = 0
    if device.type == "cuda":
        gpus = 1 if ":" in str(device) else torch.cuda.device_count()
    if requested == AUTO:
        return max((n for n in range(1, gpus + 1) if n_episodes % n == 0), default=1)
    number = int(requested) if requested.isdecimal() else 0
    if number < 1:
        raise ConfigError(f"processes is {requested!r}; it must be auto or a number from 1")
    if number > 1 and device.type == "cuda" and number > gpus:
        raise ConfigError(f"processes is {number}, but device {device} offers {gpus}; each needs a GPU of its own")
    return number


@contextmanager
def gathered(requested: str, *, arguments: Sequence[str], device: torch.device, n_episodes: int) -> Iterator[Team]:
    """Meet the processes that torchrun or the leader started, or start those that are asked for; part at the end.

    arguments: the command line that a helper is started with, without the program's name. Raise ConfigError for a
    number of processes that the machine or a step's episodes do not allow.
    """
    if "WORLD_SIZE" in os.environ and "RANK" in os.environ:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        with _met(rank, size, device, os.environ.get(MEETING_PLACE)) as team:
            team.share(n_episodes)
            yield team
        return
    size = count_processes(requested, device=device, n_episodes=n_episodes)
    alone = Team(device)
    if size == 1:
        yield alone
        return
    Team(device, size=size).share(n_episodes)
    with TemporaryDirectory(prefix="mlcore-") as folder:
        place = str(Path(folder) / "meeting")
        with _helpers(size, arguments, place) as over, _met(0, size, device, place) as team:
            try:
                yield team
            except Stopped:
                over.set()
                raise
            over.set()


@contextmanager
def _met(rank: int, size: int, device: torch.device, place: str | None) -> Iterator[Team]:
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", rank)))
        torch.cuda.set_device(device)
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=f"file://{place}" if place else "env://",
        rank=rank,
        world_size=size,
        timeout=PATIENCE,
    )
    try:
        yield Team(device, rank, size)
    finally:
        distributed.destroy_process_group()


@contextmanager
def _helpers(size: int, arguments: Sequence[str], place: str) -> Iterator[threading.Event]:
    """Start the other processes of a team, end as they do if one of them fails, and wait for their end.

    Give what is to be set once the work is over: how a helper leaves no longer matters then.
    """
    over = threading.Event()
    command = [sys.executable, "-m", "mlcore", *arguments, "--end-with-parent", "0"]
    shared = {**os.environ, "WORLD_SIZE": str(size), MEETING_PLACE: place}
    helpers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(1, size)
    ]
    for helper in helpers:
        threading.Thread(target=_end_like, args=(helper, over), daemon=True).start()
    try:
        yield over
    finally:
        for helper in helpers:
            with suppress(OSError):
                helper.stdin.close() if helper.stdin else None
            helper.wait()


def _end_like(helper: "subprocess.Popen[bytes]", over: threading.Event) -> None:
    """End this process as a helper of it does, if that fails: those that are left would wait for it in vain."""
    status = helper.wait()
    if over.is_set() or status in (0, ENDED_WITH_PARENT):
        return
    if status > 0:
        os._exit(status)
    os.kill(os.getpid(), -status if status != -signal.SIGTERM else signal.SIGKILL)
