"""System programs that some tests need: skip those tests where one is missing, and say so at the end of the run.

`--require-programs` makes a missing program an error instead, so that a machine that has everything skips nothing.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Program:
    """A system program: what its executable may be called, and how to install it on Debian."""

    names: Sequence[str]
    install: str

    @property
    def missing(self) -> str:
        """Say that it is not there."""
        return f"{self.names[0]} is not installed"

    def path(self) -> str | None:
        """Return where the program is, or None."""
        return next((found for name in self.names if (found := shutil.which(name, path=SEARCHED))), None)


# Debian keeps PostgreSQL's server programs outside PATH, in a folder per version.
POSTGRES_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), *map(str, POSTGRES_FOLDERS)])
PROGRAMS = {
    "requires_chromium": Program(("chromium", "chromium-browser", "google-chrome"), "apt-get install chromium"),
    "requires_postgres": Program(("initdb",), "apt-get install postgresql"),
    "requires_redis": Program(("redis-server",), "apt-get install redis-server"),
}
SKIPPED: Counter[str] = Counter()


def need(marker: str) -> str:
    """Return the path of the program behind a marker, or skip the test."""
    path = PROGRAMS[marker].path()
    if path is None:
        pytest.skip(PROGRAMS[marker].missing)
    return path


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--require-programs`."""
    parser.addoption("--require-programs", action="store_true", help="fail if a system program for tests is missing")


def pytest_configure(config: pytest.Config) -> None:
    """Register a marker for each program, and insist on all of them where asked to."""
    for marker, program in PROGRAMS.items():
        config.addinivalue_line("markers", f"{marker}: needs {program.names[0]} ({program.install})")
    missing = [program.install for program in PROGRAMS.values() if program.path() is None]
    if missing and config.getoption("--require-programs"):
        raise pytest.UsageError("Some tests need more programs: " + "; ".join(missing))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a marked test whose program is missing."""
    for marker in PROGRAMS:
        if item.get_closest_marker(marker):
            need(marker)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what is skipped, in whichever process, by the reason."""
    if report.skipped and isinstance(report.longrepr, tuple):
        SKIPPED[report.longrepr[2].removeprefix("Skipped: ")] += 1


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say in the run's last lines what was skipped for want of a program."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    for program in PROGRAMS.values():
        if reporter and (tests := SKIPPED[program.missing]):
            line = f"SKIPPED {tests} tests: {program.missing}. To run them: {program.install}"
            reporter.write_line(line, yellow=True)
