"""The linter, the type checker, git and the image leave out no package of the project."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, sources

FOLDERS = sorted({str(path.parent) for path in sources(*PACKAGES, "benchmarks", "tests")})
MYPY = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_unused_import_is_refused_in_every_folder(folder: str) -> None:
    ruff = [str(Path(sys.executable).with_name("ruff")), "check", "--no-cache", "--force-exclude"]
    command = [*ruff, "--output-format", "concise", "--stdin-filename", f"{folder}/planted.py", "-"]
    done = subprocess.run(command, cwd=ROOT, input="import os\n", capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "F401" in done.stdout


def test_git_ignores_no_file_of_code() -> None:
    planted = "\n".join(f"{folder}/planted.py" for folder in FOLDERS)
    command = ["git", "check-ignore", "--no-index", "--stdin"]
    done = subprocess.run(command, cwd=ROOT, input=f"{planted}\ndata/planted.py\n", capture_output=True, text=True)
    assert done.stdout.split() == ["data/planted.py"], done.stderr


def test_types_are_checked_in_every_package() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == set(PACKAGES) == set(MYPY["packages"])
    unchecked = [override["module"] for override in MYPY["overrides"] if override.get("ignore_errors")]
    assert (unchecked, "exclude" in MYPY) == (["webapp.*.migrations.*"], False)


def test_the_image_takes_in_what_serves() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    taken = {line[1:] for line in lines if line.startswith("!")}
    assert [line for line in lines if not line.startswith("!")] == ["*", "**/__pycache__"]
    assert taken >= {"launch", "mlcore", "webapp", "templates", "manage.py", "requirements.txt"}
    assert [name for name in taken if not (ROOT / name).exists()] == []
