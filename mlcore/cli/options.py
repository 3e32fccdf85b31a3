"""What several commands share: options, the configs that are made of them, and how figures are printed."""

import argparse
import json
import re
import shlex
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from mlcore.config import BACKBONES, KINDS, Config
from mlcore.data.datasets import DATASETS, DatasetRequest
from mlcore.errors import ConfigError

C = TypeVar("C", bound=Config)


def chosen(arguments: Sequence[str], option: str, choices: Collection[str], *, default: str) -> str:
    """Find what an option says before the parser is built, which offers options that depend on it."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument(option, dest="named", choices=choices, default=default)
    try:
        return str(first.parse_known_args(arguments)[0].named)
    except argparse.ArgumentError:
        return default


def command_line(arguments: Sequence[str]) -> str:
    """Give the line that repeats a command."""
    return f"python -m mlcore {shlex.join(arguments)}"


def print_figures(result: dict[str, Any], *, as_json: bool) -> None:
    """Print figures, for a program or a person."""
    lines = [json.dumps(result)] if as_json else _lines(result)
    sys.stdout.write("\n".join(lines) + "\n")


def _lines(figures: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Give a line for each figure; those that go together stand under their common name."""
    width = max(map(len, figures), default=0)
    for name, value in figures.items():
        is_group = isinstance(value, dict)
        yield f"{indent}{name:<{width}}  {'' if is_group else value}".rstrip()
        if is_group:
            yield from _lines(value, indent + "  ")


def add_onnx(parser: argparse.ArgumentParser) -> None:
    """Offer a folder of ONNX exports."""
    parser.add_argument("--onnx", type=Path, help="folder of ONNX exports, to run pretrained backbones from on a CPU")


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Offer the device and its threads."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: PyTorch's choice)")


def add_parent(parser: argparse.ArgumentParser) -> None:
    """Offer to end with the process that started this one."""
    parser.add_argument(
        "--end-with-parent",
        type=float,
        nargs="?",
        const=0.0,
        metavar="SECONDS",
        help="end when standard input closes, as a pipe from a parent does, or has nothing to say for so long",
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """Offer what every run has: where its checkpoint goes, how it goes on, and who watches."""
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--name", help="name on the card (default: the folder's)")
    parser.add_argument(
        "--resume", type=Path, help="go on from a training state, or the newest of a folder (OUT/states); else from 0"
    )
    add_parent(parser)
    parser.add_argument("--leave-gpu-mb", type=int, default=0, help="memory of the GPU to leave to others")
    parser.add_argument("--estimate", type=int, metavar="STEPS", help="time a few steps, print JSON, train nothing")
    parser.add_argument("--events", type=Path, help="file to append what happens to, one JSON object a line")
    parser.add_argument("--licence", default="", help="licence of the weights, for the card")
    parser.add_argument("--credit", default="", help="whom to credit, for the card")


def add_dataset(parser: argparse.ArgumentParser, *, split: str) -> None:
    """Offer a data set and one split of it."""
    parser.add_argument("--dataset", choices=DATASETS, required=True)
    parser.add_argument("--data-root", type=Path, help="folder of the data set")
    parser.add_argument("--data-name", default="", help="what cards call it, where it is a folder of your own")
    parser.add_argument("--split", default=split, help="class split (default: %(default)s)")
    parser.add_argument("--n-classes", type=int, help="how many classes, where the data set is drawn by program")
    parser.add_argument("--image-size", type=int, help="side in pixels, where the data set does not fix it")
    parser.add_argument("--download", action="store_true", help="fetch the data set if it is missing")


def add_fields(
    group: Any, config: type[Config], *, prefix: str = "", backbones: Collection[str] = tuple(BACKBONES)
) -> None:
    """Offer every plain field of a config dataclass as an option of its name; `backbones` are those to choose from."""
    for entry in fields(config):  # type: ignore[arg-type]
        option = f"--{prefix}{entry.name}".replace("_", "-")
        if entry.type is bool:
            group.add_argument(option, action=argparse.BooleanOptionalAction, default=entry.default)
        elif entry.type in (int, float, str):
            choices = tuple(backbones) if option == "--backbone-name" else None
            group.add_argument(option, type=entry.type, default=entry.default, choices=choices, help="(%(default)s)")


def from_options(config: type[C], options: argparse.Namespace, *, prefix: str = "", **given: Any) -> C:
    """Build a config from the options that `add_fields` made."""
    values = {
        entry.name: getattr(options, f"{prefix}{entry.name}")
        for entry in fields(config)  # type: ignore[arg-type]
        if hasattr(options, f"{prefix}{entry.name}")
    }
    return config.from_dict({**values, **given})


def data_of(options: argparse.Namespace) -> DatasetRequest:
    """Say what to load."""
    return DatasetRequest(
        root=options.data_root,
        split=options.split,
        image_size=options.image_size,
        n_classes=options.n_classes,
        download=options.download,
        called=options.data_name,
    )


def transform_of(options: argparse.Namespace) -> str:
    """Give the transform that is asked for, or the kind's own; raise ConfigError where a new kind leaves it open."""
    known = KINDS.get(options.kind)
    if not re.fullmatch("[a-z0-9_-]{1,50}", options.kind):
        raise ConfigError(f"kind is {options.kind!r}; it must be small letters, digits, - and _", field="kind")
    if known is None and options.transform is None:
        raise ConfigError(f"kind is {options.kind!r}, which is new; name its transform too", field="transform")
    if known is not None and options.transform not in (None, known.transform):
        raise ConfigError(
            f"transform is {options.transform!r}, but pictures of {options.kind} have their own", field="transform"
        )
    return str(options.transform or KINDS[options.kind].transform)
