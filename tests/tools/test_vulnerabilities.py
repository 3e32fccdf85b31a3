"""A known vulnerability fails the lint; that nobody could be asked is said, and is not taken for an answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import ROOT
from tools import vulnerabilities
from tools.vulnerabilities import verdict

SAFE = {"name": "safe", "version": "1.0", "vulns": []}
HOLE = {"id": "PYSEC-1", "fix_versions": ["1.2"], "aliases": []}
VULNERABLE = {"name": "old", "version": "1.1", "vulns": [HOLE]}
UNKNOWN = {"name": "elsewhere", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def of(*packages: dict[str, Any]) -> tuple[int, str]:
    return verdict(json.dumps({"dependencies": packages, "fixes": []}), "No known vulnerabilities found")


@pytest.mark.parametrize(
    ("packages", "status", "words"),
    [
        ([SAFE], 0, "Vulnerabilities: none known in 1 packages."),
        ([SAFE, UNKNOWN], 0, "Vulnerabilities: none known in 1 packages; no answer to elsewhere."),
        ([UNKNOWN, UNKNOWN], 0, "Vulnerabilities: nobody could be asked (no answer to any of 2 packages)."),
        ([SAFE, VULNERABLE, UNKNOWN], 1, "old 1.1 is vulnerable: PYSEC-1 (mended in 1.2). Pin a later version."),
    ],
)
def test_what_is_known_is_told_from_what_nobody_was_asked(
    packages: list[dict[str, Any]], status: int, words: str
) -> None:
    assert of(*packages) == (status, words)


def test_what_no_version_mends_can_be_accepted_with_a_reason_until_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    unmended = {**VULNERABLE, "vulns": [{**HOLE, "fix_versions": []}]}
    status, words = of(SAFE, unmended)
    assert (status, words[:37]) == (1, "old 1.1 is vulnerable: PYSEC-1. No ve")
    assert "ACCEPTED of tools/vulnerabilities.py" in words
    monkeypatch.setattr(vulnerabilities, "ACCEPTED", {"PYSEC-1": "nothing here calls it"})
    accepted = "Vulnerabilities: none known in 2 packages; accepted is PYSEC-1: nothing here calls it."
    assert of(SAFE, unmended) == (0, accepted)
    assert of(SAFE, VULNERABLE) == (1, "old 1.1 is vulnerable: PYSEC-1 (mended in 1.2). Pin a later version.")


def test_a_service_that_never_answers_is_said_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vulnerabilities, "SECONDS", 0.01)
    assert vulnerabilities.main() == 0
    assert capsys.readouterr().out == "Vulnerabilities: nobody could be asked (no answer within 0.01 seconds).\n"


def test_a_service_that_cannot_be_reached_is_said_and_fails_nothing(tmp_path: Path) -> None:
    proxy = "http://127.0.0.1:9"  # where nothing listens
    done = subprocess.run(
        [sys.executable, "-m", "tools.vulnerabilities"],
        cwd=ROOT,
        env={**os.environ, "HTTPS_PROXY": proxy, "https_proxy": proxy, "PIP_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Vulnerabilities: nobody could be asked (")
    assert len(done.stdout.splitlines()) == 1
