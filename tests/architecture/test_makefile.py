"""The Makefile says in one sentence what is wrong with the Python it was given."""

import os
import subprocess
from pathlib import Path

from tests.architecture.sources import ROOT


def fake_python(path: Path, *, new_enough: bool) -> Path:
    """Write a program that answers as a Python of some age does, and cannot make a virtual environment."""
    version = "Python 3.12.0" if new_enough else "Python 3.9.2"
    code = 0 if new_enough else 1
    path.write_text(
        f'#!/bin/sh\ncase "$1" in --version) echo "{version}";; -c) exit {code};; *) echo no ensurepip; exit 1;; esac\n'
    )
    path.chmod(0o755)
    return path


def make_run(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `make run` with its virtual environment in a folder, and return what it printed."""
    command = ["make", "--no-print-directory", f"VENV={folder / 'venv'}", *options, "run"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)


def test_too_old_a_python_gets_one_clear_sentence(tmp_path: Path) -> None:
    old = fake_python(tmp_path / "python3", new_enough=False)
    done = make_run(tmp_path, f"PYTHON={old}")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == f"Glimpse needs Python 3.11 or newer, and {old} is Python 3.9.2."


def test_no_python_that_is_new_enough_gets_one_clear_sentence(tmp_path: Path) -> None:
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        fake_python(tmp_path / name, new_enough=False)
    done = make_run(tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode != 0
    assert done.stderr.startswith("Glimpse needs Python 3.11 or newer, and found Python 3.9.2: install one")


def test_a_newer_python_beside_an_old_one_is_found(tmp_path: Path) -> None:
    fake_python(tmp_path / "python3", new_enough=False)
    for name in ("python3.14", "python3.13", "python3.12", "python3.11"):
        fake_python(tmp_path / name, new_enough=True)
    done = make_run(tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert "Making a virtual environment" in done.stdout


def test_a_python_without_venv_says_what_to_install(tmp_path: Path) -> None:
    done = make_run(tmp_path, f"PYTHON={fake_python(tmp_path / 'python3', new_enough=True)}")
    assert "install python3-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_lint_asks_for_known_vulnerabilities() -> None:
    command = ["make", "--dry-run", "--no-print-directory", "lint"]
    planned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "python -m tools.vulnerabilities" in planned.stdout
