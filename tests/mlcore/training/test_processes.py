"""A run that several processes share: the same weights, one voice, and nobody left behind."""

import json
import multiprocessing
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.cli.main import main
from mlcore.config import BackboneConfig, EpisodeConfig, TrainingConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.episode import LabeledSet
from mlcore.data.images import find_transform
from mlcore.errors import AdaptationError, ConfigError
from mlcore.method_config.maml import MamlConfig
from mlcore.methods.maml import Maml
from mlcore.training.meta_training import Event, MetaTraining, Validation
from mlcore.training.processes import MEETING_PLACE, Team, count_processes, gathered
from mlcore.training.run_folder import ENDED_WITH_PARENT
from tests.running import wait_until

CPU = torch.device("cpu")
TRAIN = shlex.split(
    "train --kind characters --dataset strokes --split train --validation-split val --n-classes 6 --device cpu "
    "--threads 1 --backbone-image-size 56 --backbone-width 4 --n-way 5 --n-query 2 --validation-n-way 5 "
    "--validation-episodes 5 --seed 3 --episodes-per-step 2"
)
STEPS = ["--steps", "4", "--validate-every", "4"]
ENDLESS = ["--steps", "100000", "--validate-every", "100000", "--save-every", "1"]
QUIET = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "GLOO_SOCKET_IFNAME": "lo"}


class NowAndThen(Maml):
    """Does not settle on some episodes, whoever is given them."""

    def outer_loss(self, support: LabeledSet, query: LabeledSet) -> Tensor:
        if int(support.images.double().sum() * 1000) % 3 == 0:
            raise AdaptationError("learning did not settle")
        return super().outer_loss(support, query)


def learn(rank: int, size: int, folder: Path, episodes_per_step: int, kind: type[Maml]) -> None:
    """Learn in one of several processes, and write down what came of it."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), MEETING_PLACE: str(folder / "meeting"), **QUIET}
    torch.manual_seed(3)
    torch.set_num_threads(1)
    episodes = EpisodeConfig(n_way=5, n_query=2)
    config = TrainingConfig(
        steps=4,
        episodes_per_step=episodes_per_step,
        optimizer="sgd",
        degraded_copies=1,
        warped_share=0.5,
        validation_episodes=5,
        seed=3,
    )
    backbone = BackboneConfig(image_size=56, width=4)
    method = kind(MamlConfig(backbone=backbone, first_order=True, inner_steps=2, inner_lr=0.01))
    data = (load_dataset("strokes", split=split, n_classes=6) for split in ("train", "val"))
    with gathered("1", arguments=(), device=CPU, n_episodes=config.episodes_per_step) as team:
        run = MetaTraining(
            method,
            next(data),
            transform=find_transform("characters"),
            episodes=episodes,
            config=config,
            validation=Validation(next(data), episodes),
            team=team,
        )
        told: list[Event] = []
        run.run(told.append)
    weights = {name: tensor.contiguous() for name, tensor in method.state_dict().items()}
    last = {name: str(told[-1][f"train_{name}"]) for name in ("loss", "diverged")}
    save_file(weights, folder / f"{rank}.safetensors", metadata=last)


def learned(
    size: int, folder: Path, *, episodes_per_step: int = 4, kind: type[Maml] = Maml
) -> tuple[list[dict[str, Tensor]], float, float]:
    """Learn in so many processes; return the weights of each, the loss, and the share that did not settle."""
    folder.mkdir()
    spawn = multiprocessing.get_context("spawn")
    told = (folder, episodes_per_step, kind)
    processes = [spawn.Process(target=learn, args=(rank, size, *told)) for rank in range(size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    with safe_open(folder / "0.safetensors", framework="pt") as file:
        loss, diverged = (float(file.metadata()[name]) for name in ("loss", "diverged"))
    return [load_file(folder / f"{rank}.safetensors") for rank in range(size)], loss, diverged


@pytest.mark.parametrize(("kind", "episodes_per_step"), [(Maml, 4), (NowAndThen, 2)])
def test_two_processes_learn_what_one_does(kind: type[Maml], episodes_per_step: int, tmp_path: Path) -> None:
    (alone,), loss, diverged = learned(1, tmp_path / "one", episodes_per_step=episodes_per_step, kind=kind)
    (leader, helper), *shared = learned(2, tmp_path / "two", episodes_per_step=episodes_per_step, kind=kind)
    assert shared == pytest.approx([loss, diverged], abs=1e-5)
    assert (diverged > 0) == (kind is NowAndThen)
    for name, tensor in alone.items():
        assert torch.equal(leader[name], helper[name]), name
        if "running_" not in name and "tracked" not in name:  # these see each process's episodes in a row
            assert torch.allclose(leader[name], tensor, atol=1e-5), name


def test_a_shared_run_speaks_with_one_voice(tmp_path: Path) -> None:
    out, events = tmp_path / "run", tmp_path / "events.jsonl"
    running = start("--processes", "2", *STEPS, "--out", str(out), "--events", str(events))
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 0, errors
    told = [json.loads(line)["event"] for line in events.read_text().splitlines()]
    assert told.count("progress") == told.count("done") == 1
    said = [line for line in errors.splitlines() if line.startswith("step 4")]
    assert ["measuring" in line for line in said] == [True, False]
    assert "--processes 2" in ModelCard.read(out).command


def test_torchrun_starts_a_run_as_well(tmp_path: Path) -> None:
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    running = start(*STEPS, "--out", str(tmp_path / "run"), launcher=torchrun)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 0, errors
    assert load_checkpoint(tmp_path / "run").card is not None


def test_one_process_goes_on_from_the_state_that_two_kept(tmp_path: Path) -> None:
    out = tmp_path / "run"
    running = start("--processes", "2", *ENDLESS, "--out", str(out))
    wait_until(lambda: list(out.glob("states/*")), 60, "a state")
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == ENDED_WITH_PARENT
    assert errors.count("mlcore: stopped at step") == 1
    states = sorted(out.glob("states/*"))
    assert states
    assert wait_until(lambda: not others_of(running.pid), 10, "the end of the helper")
    last = int(states[-1].stem.partition("-")[2]) + 1
    assert main([*TRAIN, "--out", str(out), "--resume", str(states[-1]), "--steps", str(last)]) == 0
    assert ModelCard.read(out).training["validation"]["step"] == last


def test_a_killed_run_leaves_no_helper_and_a_killed_helper_ends_the_run(tmp_path: Path) -> None:
    for victim in ("leader", "helper"):
        out = tmp_path / victim
        running = start("--processes", "2", *ENDLESS, "--out", str(out))
        wait_until(lambda out=out: list(out.glob("states/*")), 60, "a state")
        (helper,) = others_of(running.pid)
        os.kill(running.pid if victim == "leader" else helper, signal.SIGKILL)
        assert running.wait(timeout=10) == -signal.SIGKILL
        wait_until(lambda helper=helper: not Path(f"/proc/{helper}").exists(), 10, "the end of the helper")


def start(*options: str, launcher: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """Start a run in the background."""
    command = [sys.executable, *launcher, "-m", "mlcore", *TRAIN, *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **QUIET})


def others_of(pid: int) -> list[int]:
    """Find the processes that a process has started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def test_episodes_that_cannot_be_shared_evenly_are_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TRAIN, "--episodes-per-step", "3", "--processes", "2", "--out", str(tmp_path / "run")]) == 1
    assert "episodes_per_step is 3, which 2 processes cannot share evenly" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("asked", "device", "n_episodes", "count"),
    [
        ("auto", "cpu", 4, 1),
        ("auto", "cuda", 4, 4),
        ("auto", "cuda", 6, 3),
        ("auto", "cuda", 5, 1),
        ("auto", "cuda:1", 4, 1),
        ("3", "cpu", 3, 3),
        ("2", "cuda", 4, 2),
    ],
)
def test_the_number_of_processes_follows_the_gpus(
    asked: str, device: str, n_episodes: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    assert count_processes(asked, device=torch.device(device), n_episodes=n_episodes) == count


@pytest.mark.parametrize(
    ("asked", "device"), [("0", "cpu"), ("-1", "cpu"), ("many", "cpu"), ("5", "cuda"), ("2", "cuda:0")]
)
def test_an_impossible_number_of_processes_is_refused(asked: str, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    with pytest.raises(ConfigError, match="processes is"):
        count_processes(asked, device=torch.device(device), n_episodes=10)


def test_a_team_shares_episodes_in_order() -> None:
    assert [Team(CPU, rank, 3).share(6) for rank in range(3)] == [slice(0, 2), slice(2, 4), slice(4, 6)]
