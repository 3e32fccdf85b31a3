"""A run's config on the command line: a file, settings by their dotted names, and an option for every setting.

What is written out as an option overrides what is set by name, and that overrides the file.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from mlcore.cli.options import add_settings, option_of, options_of
from mlcore.documents import read_document, require_values, with_defaults, with_texts, with_values
from mlcore.run_config import RunConfig

R = TypeVar("R", bound=RunConfig)


def add_run_config(parser: argparse.ArgumentParser, config: type[RunConfig], arguments: Sequence[str]) -> None:
    """Offer a run's config. What the arguments say of its deciding settings says which others there are, and how."""
    _add_sources(parser)
    document = _document(config, arguments)
    add_settings(parser, config, document, required=("data.dataset",))
    parser.set_defaults(document=document)


def _add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="JSON of a run's config; options override it")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting by its dotted name, as in --set training.outer_lr=0.01; may be given again",
    )


def _document(config: type[RunConfig], arguments: Sequence[str]) -> dict[str, Any]:
    """Read what the options begin with: the file, what is set by name, what decides, and what is usual beside it."""
    early, known = argparse.ArgumentParser(add_help=False, allow_abbrev=False), config.all_settings()
    _add_sources(early)
    for name in config.deciding:
        early.add_argument(option_of(known[name]), dest=name)
    options = vars(early.parse_known_args(arguments)[0])
    document = read_document(options["config"]) if options["config"] else {}
    written = {name: known[name].parse(options[name]) for name in config.deciding if options[name] is not None}
    document = with_values(document, written)
    texts = [text for text in options["set"] if text.partition("=")[0].strip() not in written]  # an option overrides
    document = with_texts(document, texts, config=config)
    require_values(document, config=config)
    return with_defaults(document, config.usual(document))


def run_config_of(config: type[R], options: argparse.Namespace) -> R:
    """Build a run's config from the options that `add_run_config` made."""
    names = config.all_settings(options.document)
    written = {name: vars(options)[name] for name in names if name in vars(options)}
    return config.from_dict(with_values(options.document, written))


def repeating(options: argparse.Namespace, run: RunConfig) -> tuple[str, ...]:
    """Return the arguments that repeat a run: with every setting, where a file said some of them."""
    if options.config is None:
        return tuple(options.arguments)
    known = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_run_config(known, type(run), options.arguments)
    return (*known.parse_known_args(options.arguments)[1], *options_of(run))
