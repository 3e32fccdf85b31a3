"""Ask PyPI for known vulnerabilities of what is pinned: `python -m tools.vulnerabilities`, a part of `make lint`.

pip-audit asks. Where no answer is one, such as behind a mirror that answers 404 to whatever is not a download, it says
"No known vulnerabilities found" all the same; so its list is read here, and "not asked" is a sentence of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

PINNED = ("--requirement", "requirements-dev.txt", "--requirement", "constraints.txt", "--no-deps", "--disable-pip")
REPORT = ("--format", "json", "--desc", "off", "--progress-spinner", "off", "--timeout", "10")
KNOWN, NOT_KNOWN = 1, 0
SECONDS = 60
"""How long the answers may take, all together."""
ACCEPTED: Mapping[str, str] = {}
"""Ids of vulnerabilities that no version mends, each with the reason why Glimpse can live with it."""
Package = Mapping[str, Any]


def main() -> int:
    """Print what came of asking; return 1 where a vulnerability is known, 0 where none is or nobody could be asked."""
    command = [sys.executable, "-m", "pip_audit", *PINNED, *REPORT]
    try:
        audit = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        status, words = verdict(audit.stdout, audit.stderr)
    except subprocess.TimeoutExpired:
        status, words = verdict("", f"no answer within {SECONDS} seconds")
    sys.stdout.write(f"{words}\n")
    return status


def verdict(report: str, complaint: str) -> tuple[int, str]:
    """Return the exit status and the words for what pip-audit wrote to standard output and to standard error."""
    try:
        packages: list[Package] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        *_lines, last = complaint.strip().splitlines() or ["no word of why"]
        return NOT_KNOWN, f"Vulnerabilities: nobody could be asked ({last[:200]})."
    asked = [package for package in packages if "skip_reason" not in package]
    if vulnerable := [advice for package in asked if (advice := _advice(package))]:
        return KNOWN, "\n".join(vulnerable)
    if not asked:
        return NOT_KNOWN, f"Vulnerabilities: nobody could be asked (no answer to any of {len(packages)} packages)."
    unknown = [package["name"] for package in packages if package not in asked]
    without = f"; no answer to {', '.join(unknown)}" if unknown else ""
    besides = "".join(f"; accepted is {name}: {reason}" for name, reason in ACCEPTED.items())
    return NOT_KNOWN, f"Vulnerabilities: none known in {len(asked)} packages{besides}{without}."


def _advice(package: Package) -> str:
    """Return what is known of a package and not accepted, if anything, and which versions are better."""
    holes = [hole for hole in package["vulns"] if hole["fix_versions"] or hole["id"] not in ACCEPTED]
    if not holes:
        return ""
    known = ", ".join(f"{hole['id']}{_mended_in(hole['fix_versions'])}" for hole in holes)
    remedy = "Pin a later version."
    if not any(hole["fix_versions"] for hole in holes):
        remedy = "No version mends it: do without it, or write into ACCEPTED of tools/vulnerabilities.py why not."
    return f"{package['name']} {package['version']} is vulnerable: {known}. {remedy}"


def _mended_in(versions: Sequence[str]) -> str:
    return f" (mended in {', '.join(versions)})" if versions else ""


if __name__ == "__main__":
    sys.exit(main())
