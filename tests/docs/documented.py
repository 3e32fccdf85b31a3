"""What the documentation tells people to type: commands of `mlcore`, `benchmarks`, `manage.py` and Celery.

A command stands in a fenced block, in an indented one, or between backticks. Lines that end in a backslash go on.
`[--a | --b]` stands for the command without either, with the one, and with the other; `A && B` and `$(A)` hold
commands, too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(
    path.relative_to(ROOT).as_posix() for folder in (ROOT, ROOT / "docs") for path in sorted(folder.glob("*.md"))
)

NAMED = re.compile(r"-m (mlcore|celery|benchmarks\.\w+)(?= |$)|manage\.py (?=\w)|benchmarks/\w+\.py|^mlcore \w")
"""What names one of our commands; whatever matches and is not read as a command is an error."""

_FENCE = re.compile(r"^\s*```")
_SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)*)`")
_CHOICE = re.compile(r"\[(--[^\]]+)\]")
_BETWEEN = frozenset("();<>|&")


@dataclass(frozen=True)
class Command:
    """A command and where it stands. program: `mlcore`, `benchmarks.NAME`, `manage.py`, `celery` or `torchrun`."""

    page: str
    line: int
    program: str
    arguments: tuple[str, ...]
    place: int = 0

    @property
    def id(self) -> str:
        """Name it as people point to it, `docs/methods.md:57`, and which one, where a line holds several."""
        return f"{self.page}:{self.line}" + (f"-{self.place + 1}" if self.place else "")

    def option(self, name: str) -> str | None:
        """Return the value of an option; None where it is not there."""
        return self.arguments[self.arguments.index(name) + 1] if name in self.arguments else None


def documented_commands(pages: Sequence[str] = PAGES) -> list[Command]:
    """Return the commands of pages, in their order."""
    return [command for page in pages for command in commands_in((ROOT / page).read_text(encoding="utf-8"), page)]


def commands_in(text: str, page: str) -> list[Command]:
    """Return the commands of one page; raise ValueError where one is named that cannot be read."""
    found: list[Command] = []
    for line, code in _code(text):
        if not NAMED.search(code):
            continue
        read = [words for variant in _variants(code) for words in _commands(variant)]
        if not read:
            raise ValueError(f"{page}:{line}: {code!r} names a command that cannot be read")
        before = sum(command.line == line for command in found)
        found += [
            Command(page, line, program, arguments, before + place) for place, (program, arguments) in enumerate(read)
        ]
    return found


def _code(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of code blocks, continued ones joined, and the spans between backticks, each with its line."""
    prose: list[str] = []
    fenced, begun, parts = False, 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if _FENCE.match(line):
            fenced = not fenced
        is_code = not _FENCE.match(line) and (fenced or line.startswith("    "))
        prose.append("" if is_code or _FENCE.match(line) else line)
        if is_code:
            begun = begun if parts else number
            parts.append(line.strip().removesuffix("\\"))
            if not line.endswith("\\"):
                yield begun, " ".join(parts)
                parts.clear()
    rest = "\n".join(prose)
    for span in _SPAN.finditer(rest):
        yield rest.count("\n", 0, span.start()) + 1, " ".join(span[1].split())


def _variants(code: str) -> Iterator[str]:
    """Yield the code without its choices in brackets, and with each of them."""
    parts = _CHOICE.split(code)
    choices = [["", *(choice.strip() for choice in part.split("|"))] for part in parts[1::2]]
    for chosen in product(*choices):
        yield "".join(text + choice for text, choice in zip(parts[::2], (*chosen, ""), strict=True))


def _commands(code: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield program and arguments of each of our commands in a line of a shell."""
    lexer = shlex.shlex(code, posix=True, punctuation_chars="".join(_BETWEEN))
    lexer.whitespace_split = True
    words: list[str] = []
    for word in (*lexer, ";"):
        if set(word) <= _BETWEEN:
            if command := _ours(words):
                yield command
            words = []
        else:
            words.append(word)


def _ours(words: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return program and arguments, if this is one of our commands."""
    match [Path(words[0]).name if words else "", *words[1:]]:
        case ["python", "-m", "mlcore" | "celery" as program, *rest]:
            return program, tuple(rest)
        case ["python", "-m", program, *rest] if program.startswith("benchmarks."):
            return program, tuple(rest)
        case ["python", "manage.py", *rest]:
            return "manage.py", tuple(rest)
        case ["torchrun", "-m", "mlcore", *rest]:
            return "torchrun", tuple(rest)
    return None
