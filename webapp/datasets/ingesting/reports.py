"""What is known of a version besides its classes; and what a zip would make, before it is ingested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from webapp.datasets.ingesting.class_splits import require_number
from webapp.datasets.ingesting.sources import Findings
from webapp.jobs.errors import JobFailed
from webapp.pictures.names import display_path

LISTED = 200
"""How many of each thing a report lists one by one before it only counts."""


@dataclass
class Report:
    """What is known of a version besides its classes; long lists are cut, and counted whole."""

    refused: list[dict[str, str]] = field(default_factory=list)
    n_refused: int = 0
    small: list[dict[str, Any]] = field(default_factory=list)
    n_small: int = 0
    duplicates: list[list[str]] = field(default_factory=list)
    n_duplicates: int = 0
    n_repeated: int = 0
    bytes: int = 0

    def refuse(self, file: str, reason: str) -> None:
        """Note a file that was not taken."""
        self.n_refused += 1
        if self.n_refused <= LISTED:
            self.refused.append({"file": display_path(file), "reason": reason})

    def leave_out_small(self, counts: Mapping[str, int], *, least: int, by_name: bool = True) -> list[str]:
        """Note the classes with fewer pictures than `least`, if not `by_name` their number alone; name the others."""
        small = sorted(name for name, n in counts.items() if n < least)
        self.n_small = len(small)
        if by_name:
            self.small = [{"name": name, "pictures": counts[name]} for name in small[:LISTED]]
        return sorted(name for name, n in counts.items() if n >= least)


@dataclass(frozen=True)
class Preview:
    """What ingesting would make, as far as names tell: a file may still turn out to be no picture.

    classes: [{"name": as it will be spelt, "files": how many}]. obstacle: why ingesting it cannot succeed.
    """

    classes: list[dict[str, Any]]
    report: Report
    obstacle: str

    def as_plain(self) -> dict[str, Any]:
        """Return it as the report of a version that waits."""
        return {**asdict(self.report), "preview": self.classes, "obstacle": self.obstacle}


def preview_of(findings: Findings, *, least: int) -> Preview:
    """Sum up what a source holds; classes of fewer than `least` files are left out."""
    report = Report()
    for file, reason in findings.refused:
        report.refuse(file, reason)
    counts = Counter(file.class_name for file in findings.files)
    names = report.leave_out_small(counts, least=least)
    try:
        require_number(len(names), least=least, n_small=report.n_small)
        obstacle = ""
    except JobFailed as failure:
        obstacle = failure.message
    return Preview([{"name": name, "files": counts[name]} for name in names], report, obstacle)
