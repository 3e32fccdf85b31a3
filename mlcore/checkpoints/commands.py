"""The command on a card: what repeats the making of a checkpoint elsewhere, without the folders of one machine."""

import re
import shlex
from pathlib import Path, PureWindowsPath

THEN = " && "
"""What stands between two commands that follow each other."""
FOLDER = re.compile(r"(?:^|[\s='\"])(?:/|[A-Za-z]:[\\/]|file:)")
"""How a text looks that may hold an absolute path."""
LEFT = re.compile(r"(?<![\w.~/\\)\]}-])(?:(?<!:)/+|/|~/|[A-Za-z]:[\\/]+)[\w.~-]|file:/", re.IGNORECASE)
"""How one looks that still holds one: a root that begins a word, wherever in a text that is."""

OPERATORS = frozenset(";&|<>()`$")


def portable(command: str) -> str:
    """Return a command with each absolute path written from the current folder, or its last part where it lies outside.

    A text that no shell could read, and that may hold such a path, is left out; so is one in which such a path is left,
    as within a list, in JSON, or in what only a shell would take apart.
    """
    if FOLDER.search(command):
        try:
            command = THEN.join(shlex.join(map(_word, shlex.split(part))) for part in command.split(THEN))
        except ValueError:
            return ""
    return "" if LEFT.search(command) else command


def _word(word: str) -> str:
    """Return one word of a command: a path, `--option=PATH`, or anything else."""
    name, sign, value = word.partition("=") if word.startswith("-") else ("", "", word)
    return f"{name}{sign}{_path(value)}"


def _path(text: str) -> str:
    text = text.removeprefix("file://")
    if PureWindowsPath(text).drive:
        return PureWindowsPath(text).name
    path = Path(text)
    if not path.is_absolute():
        return text
    here = Path.cwd()
    if not OPERATORS.isdisjoint(text):
        raise ValueError(f"{text} may be more than a path to a shell")
    return str(path.relative_to(here)) if path.is_relative_to(here) else path.name or "FOLDER"
