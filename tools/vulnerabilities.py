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
Package = Mapping[str, Any]


def main() -> int:
    """Print what came of asking; return 1 where a vulnerability is known, 0 where none is or nobody could be asked."""
    command = [sys.executable, "-m", "pip_audit", *PINNED, *REPORT]
    audit = subprocess.run(command, capture_output=True, text=True, check=False)
    status, words = verdict(audit.stdout, audit.stderr)
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
    if vulnerable := [package for package in asked if package["vulns"]]:
        return KNOWN, "\n".join(_advice(package) for package in vulnerable)
    if not asked:
        return NOT_KNOWN, f"Vulnerabilities: nobody could be asked (no answer to any of {len(packages)} packages)."
    unknown = [package["name"] for package in packages if package not in asked]
    without = f"; no answer to {', '.join(unknown)}" if unknown else ""
    return NOT_KNOWN, f"Vulnerabilities: none known in {len(asked)} packages{without}."


def _advice(package: Package) -> str:
    """Return what is known of a package, and which versions are better."""
    known = ", ".join(f"{hole['id']}{_mended_in(hole['fix_versions'])}" for hole in package["vulns"])
    return f"{package['name']} {package['version']} is vulnerable: {known}. Pin a later version."


def _mended_in(versions: Sequence[str]) -> str:
    return f" (mended in {', '.join(versions)})" if versions else ""


if __name__ == "__main__":
    sys.exit(main())
