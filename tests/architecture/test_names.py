"""What code, docs and settings call by its dotted name or its path is there."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import ROOT

ROOTS = "webapp|mlcore|launch|tools|benchmarks|tests"
NAME = re.compile(rf"(?<![\w./-])((?:{ROOTS})(?:\.\w+|/[\w.-]+)+)")
IMPORT = re.compile(rf"\bfrom ((?:{ROOTS})(?:\.\w+)*) import (\w+(?:, \w+)*)")
INVENTED = ("tests/architecture/", "tests/mlcore/test_three_edits.py")
"""Where names of what is not there stand on purpose."""
NO_NAMES = {"tests.sqlite3", "benchmarks.NAME"}


def names(text: str) -> set[str]:
    """Return the dotted names and paths that a text calls things of the project by."""
    called = {name.rstrip("./") for name in NAME.findall(text)}
    return called | {f"{module}.{name}" for module, listed in IMPORT.findall(text) for name in listed.split(", ")}


def stands_for_something(name: str) -> bool:
    """Return whether a name is that of a file, of a module or of something that a module defines."""
    path = ROOT / name
    if path.exists() or (ROOT / "docs" / name).exists():
        return True
    if "/" in name:
        return "NAME" in path.name and path.parent.is_dir()
    *_, (module, rest) = _modules(name)
    return not rest or re.search(rf"\b{rest[0]}\b", module.read_text()) is not None


def _modules(name: str) -> Iterator[tuple[Path, list[str]]]:
    """Yield the modules along a dotted name, outermost first, each with what is left of the name."""
    parts = name.split(".")
    yield ROOT / "pyproject.toml", ["no module"]
    for place in range(1, len(parts) + 1):
        path = ROOT.joinpath(*parts[:place])
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                yield file, parts[place:]


def test_every_name_stands_for_something() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    texts = {file: ROOT / file for file in listed if not file.startswith(INVENTED) and (ROOT / file).is_file()}
    called = {file: names(path.read_bytes().decode(errors="ignore")) - NO_NAMES for file, path in texts.items()}
    assert {(file, name) for file in called for name in called[file] if not stands_for_something(name)} == set()


def test_what_is_gone_is_told() -> None:
    text = """`webapp/gone.py`, webapp.core.errors.Gone, "from webapp.core import errors, gone", launch.gone(),
        mlcore/data/images.py, webapp.core.errors.UserError, `python -m launch`, tests/core, docs/tools.md, manage.py"""
    gone = {"webapp/gone.py", "webapp.core.gone", "webapp.core.errors.Gone", "launch.gone"}
    assert {name for name in names(text) if not stands_for_something(name)} == gone
