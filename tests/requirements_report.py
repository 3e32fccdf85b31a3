"""Skips tests whose system program is missing, and says so in the last lines of a test run."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

POSTGRES_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@dataclass(frozen=True)
class SystemProgram:
    """A program outside the project that the tests of one marker need."""

    marker: str
    names: Sequence[str]
    package: str
    folders: Sequence[Path] = ()

    def path(self) -> str | None:
        """Return where the program is, or None."""
        folders = os.pathsep.join([os.environ.get("PATH", ""), *map(str, self.folders)])
        return next((found for name in self.names if (found := shutil.which(name, path=folders))), None)


CHROMIUM = SystemProgram("browser", ("chromium", "chromium-browser", "google-chrome", "chrome"), "chromium")
POSTGRES = SystemProgram("postgres", ("postgres",), "postgresql", POSTGRES_FOLDERS)
REDIS = SystemProgram("redis", ("redis-server",), "redis-server")
SYSTEM_PROGRAMS = (CHROMIUM, POSTGRES, REDIS)

skipped = pytest.StashKey[dict[str, int]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests whose program is missing, and count them."""
    counts = config.stash.setdefault(skipped, {})
    for program in SYSTEM_PROGRAMS:
        needing = [item for item in items if item.get_closest_marker(program.marker)]
        if needing and program.path() is None:
            counts[program.marker] = len(needing)
            for item in needing:
                item.add_marker(pytest.mark.skip(reason=f"{program.names[0]} is not installed"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run where GLIMPSE_REQUIRE_PROGRAMS says that nothing may be missing."""
    if session.config.stash.get(skipped, {}) and os.environ.get("GLIMPSE_REQUIRE_PROGRAMS"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Print which programs were missing and how to install them."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    counts = config.stash.get(skipped, {})
    if reporter is None or not counts:
        return
    missing = [program for program in SYSTEM_PROGRAMS if program.marker in counts]
    for program in missing:
        reporter.write_line(f"Skipped {counts[program.marker]} {program.marker} tests: {program.names[0]} is missing.")
    reporter.write_line(f"Install with: sudo apt-get install {' '.join(program.package for program in missing)}")
