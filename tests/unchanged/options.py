"""The options of every command of `python -m mlcore`, and those of each method and each loss."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mlcore.cli.main import _parser as parser_for

Options = dict[str, dict[str, Any]]
SELECTORS = ("--method", "--loss")
"""Options whose value decides which further ones there are."""


def command_options() -> dict[str, Options]:
    """Return the options of each command; what depends on a selector stands under the command with the selector."""
    return {
        command: options for words in commands(parser_for([])) for command, options in options_by_choice(words).items()
    }


def commands(parser: argparse.ArgumentParser, words: Sequence[str] = ()) -> Iterator[list[str]]:
    """Yield the words of each command that has no further ones below it."""
    below = subcommands(parser)
    if not below:
        yield [*words]
    for word, command in below.items():
        yield from commands(command, [*words, word])


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands below a parser, by word."""
    return {
        word: command
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for word, command in action.choices.items()
    }


def options_by_choice(words: Sequence[str]) -> dict[str, Options]:
    """Return a command's options, and for each choice of its selector those that not every choice has alike."""
    options = options_of(words)
    selector = next((name for name in SELECTORS if name in options), None)
    if selector is None:
        return {" ".join(words): options}
    variants = {choice: options_of([*words, selector, choice]) for choice in options[selector]["choices"]}
    shared = {
        name: option
        for name, option in options.items()
        if all(variant.get(name) == option for variant in variants.values())
    }
    own = {
        " ".join([*words, selector, choice]): {k: v for k, v in variant.items() if k not in shared}
        for choice, variant in variants.items()
    }
    return {" ".join(words): shared, **own}


def options_of(arguments: Sequence[str]) -> Options:
    """Return the options that a command has where it is called with these arguments."""
    parser = parser_for(arguments)
    for word in arguments:
        parser = subcommands(parser).get(word, parser)
    return parser_options(parser)


def parser_options(parser: argparse.ArgumentParser) -> Options:
    """Return the options of one parser by name, but for `--help`."""
    options = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
    return {option.option_strings[0] if option.option_strings else option.dest: described(option) for option in options}


def described(option: argparse.Action) -> dict[str, Any]:
    """Return what can be written for an option, and what holds where nothing is."""
    described = {
        "also": option.option_strings[1:],
        "choices": sorted(option.choices or []),
        "const": option.const,
        "default": str(option.default) if isinstance(option.default, Path) else option.default,
        "nargs": option.nargs,
        "required": option.required,
    }
    return {
        name: value for name, value in described.items() if value is not None and value is not False and value != []
    }
