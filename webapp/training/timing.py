"""How long would a run take? The work of an estimate: time a few steps of it."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.training.child import Child, bound
from webapp.training.command_line import estimate_command, patience_seconds
from webapp.training.endings import last_words
from webapp.training.errors import StaffError
from webapp.training.models import RunEstimate

STEPS = 20
MOST_SECONDS = 300
LOOK_SECONDS = 0.2


def time_steps(claim: Claim[RunEstimate]) -> None:
    """Run the command that times steps, and keep what it prints."""
    row = claim.job
    try:
        command = estimate_command(row, row.version, row.start_from, steps=STEPS)
    except StaffError as error:
        raise JobFailed(code=error.code, message=error.message) from error
    with tempfile.TemporaryDirectory(prefix="glimpse-estimate-") as folder:
        claim.finish(found=_found(claim, command, Path(folder)))


def _found(claim: Claim[RunEstimate], command: list[str], folder: Path) -> dict[str, Any]:
    """Wait for the command, and read what it printed; raise JobFailed with its last words where it failed."""
    output, errors, since = folder / "output.txt", folder / "errors.txt", time.monotonic()
    child = Child(command, errors=errors, output=output)
    with bound(child, claim, patience=patience_seconds()):
        while child.returncode is None and time.monotonic() - since < MOST_SECONDS:
            claim.check()
            time.sleep(LOOK_SECONDS)
    if child.returncode == 0:
        found: dict[str, Any] = json.loads(output.read_text().splitlines()[-1])
        return found
    words = last_words(errors.read_text(errors="replace")) or _("The steps could not be timed. Try smaller ones.")
    raise JobFailed(code="estimate_failed", message=words)
