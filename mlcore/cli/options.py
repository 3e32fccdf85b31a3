"""What several commands share: options made of settings, the machine's own options, and how figures are printed."""

import argparse
import json
import shlex
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from mlcore.data.datasets import DATASETS, DataConfig, DatasetRequest
from mlcore.documents import Document, value_at
from mlcore.settings import TYPES, Config, Setting

PLACEHOLDERS: dict[type, str] = {int: "N", float: "X", str: "TEXT"}
PURPOSES = ("train", "validate", "test")
"""What a data set's usual splits are for, in their order."""
BACKBONE = "backbone"
"""The part of a config that its settings' options begin with."""


def command_line(arguments: Sequence[str]) -> str:
    """Return the line that repeats a command."""
    return f"python -m mlcore {shlex.join(arguments)}"


def print_json(values: dict[str, Any]) -> None:
    """Print one line of JSON, with letters of any script as they are where the output can show them."""
    line = json.dumps(values, ensure_ascii=False)
    try:
        line.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        line = json.dumps(values)
    sys.stdout.write(f"{line}\n")


def print_figures(result: dict[str, Any], *, as_json: bool) -> None:
    """Print figures, for a program or a person."""
    lines = [json.dumps(result)] if as_json else _lines(result)
    sys.stdout.write("\n".join(lines) + "\n")


def _lines(figures: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Yield a line for each figure; those that go together stand under their common name."""
    width = max(map(len, figures), default=0)
    for name, value in figures.items():
        is_group = isinstance(value, dict)
        yield f"{indent}{name:<{width}}  {'' if is_group else value}".rstrip()
        if is_group:
            yield from _lines(value, indent + "  ")


def add_settings(
    parser: argparse.ArgumentParser, config: type[Config], document: Document, *, required: Collection[str] = ()
) -> None:
    """Offer every setting of a config and its parts as an option, whose default is what the document says.

    required: settings that must be given where the document does not.
    """
    groups: dict[str, Any] = {"": parser}
    for name, setting in config.all_settings(document).items():
        part = name.rpartition(".")[0]
        if part not in groups:
            groups[part] = parser.add_argument_group(part.rpartition(".")[2].replace("_", " "))
        default = value_at(document, name, setting.default)
        must = default is MISSING or (name in required and default is None)
        if len(setting.choices) != 1:
            groups[part].add_argument(option_of(setting), dest=name, **_how(setting, None if must else default, must))


def _how(setting: Setting, default: Any, required: bool) -> dict[str, Any]:
    """Return what argparse wants to know of a setting."""
    notes = [] if setting.choices or setting.requirement == TYPES[setting.type] else [setting.requirement]
    notes += [] if default in (None, "") else [f"default: {setting.text(default)}"]
    words = f"{setting.help} ({'; '.join(notes)})" if notes else setting.help
    shared = {"default": default, "required": required, "help": words.replace("%", "%%")}
    if setting.type is bool:
        return {**shared, "action": argparse.BooleanOptionalAction}
    metavar = None if setting.choices else PLACEHOLDERS[setting.type]
    return {**shared, "type": setting.parse, "choices": tuple(setting.choices) or None, "metavar": metavar}


def option_of(setting: Setting) -> str:
    """Return the option that stands for a setting."""
    *parts, name = setting.name.split(".")
    prefix = f"{BACKBONE}-" if BACKBONE in parts else ""
    return f"--{prefix}{setting.option or name}".replace("_", "-")


def options_of(config: Config) -> list[str]:
    """Return the options that repeat every setting of a config."""
    document = config.to_dict()
    return [
        part
        for name, setting in type(config).all_settings(document).items()
        if len(setting.choices) != 1
        for part in _written(setting, value_at(document, name))
    ]


def _written(setting: Setting, value: Any) -> list[str]:
    option = option_of(setting)
    if value is None:
        return []
    if setting.type is bool:
        return [option if value else f"--no-{option.removeprefix('--')}"]
    return [f"{option}={setting.text(value)}"]


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
    parser.add_argument(
        "--resume",
        type=Path,
        help="go on from a training state, or the newest of a folder (OUT/states); from 0 if it has none yet",
    )
    add_parent(parser)
    parser.add_argument("--leave-gpu-mb", type=int, default=0, help="memory of the GPU to leave to others")
    parser.add_argument("--estimate", type=int, metavar="STEPS", help="time a few steps, print JSON, train nothing")
    parser.add_argument("--events", type=Path, help="file to append what happens to, one JSON object a line")


def add_dataset(parser: argparse.ArgumentParser, *, purpose: str) -> None:
    """Offer a data set and one split of it, by default the usual one to `train`, `validate` or `test` on."""
    add_settings(parser, DataConfig, {"split": None}, required=("dataset",))
    parser.set_defaults(purpose=PURPOSES.index(purpose))


def data_of(options: argparse.Namespace) -> DatasetRequest:
    """Return what to load."""
    values = {name: vars(options)[name] for name in DataConfig.settings()}
    usual = {"split": DATASETS[options.dataset].usual[options.purpose]} if options.split is None else {}
    return DataConfig.from_dict({**values, **usual}).request
