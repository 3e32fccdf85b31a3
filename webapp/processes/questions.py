"""Questions to mlcore: a process of its own answers with JSON, so that no worker loads torch."""

from __future__ import annotations

import json
import logging
import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlcore.training.run_folder import ENDED_WITH_PARENT
from webapp.core.log import frames_in
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed, LeaseLost
from webapp.processes.child import Child, bond, bound, patience_seconds
from webapp.processes.endings import last_words

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
REFUSED = 1
"""The exit status of mlcore for what a person can mend; its last words say what."""


def ask(
    claim: Claim[Any], command: Sequence[str], *, refused: str, broke_off: JobFailed, within: float = math.inf
) -> dict[str, Any]:
    """Run a command of mlcore to its end, and return the JSON of the last line that it printed.

    refused: code of the JobFailed that is raised with mlcore's last words. broke_off: raised where it ended without
    any, or took longer than `within` seconds. Raise Cancelled or LeaseLost as soon as the job is to stop.
    """
    with tempfile.TemporaryDirectory(prefix="glimpse-question-") as folder:
        output, errors = Path(folder) / "output.txt", Path(folder) / "errors.txt"
        child = Child([*command, *bond()], errors=errors, output=output)
        with bound(child, claim, patience=patience_seconds()):
            in_time = _wait(claim, child, within)
        message = errors.read_text(errors="replace")
        if child.returncode == 0 and (answer := _last_line(output)) is not None:
            return answer
    if in_time and (child.was_stopped or child.returncode == ENDED_WITH_PARENT):
        _leave_to_another(claim)
    logger.warning(
        "A question of job %s ended with status %s.\n%s", claim.job.pk, child.returncode, frames_in(message[-8000:])
    )
    if child.returncode == REFUSED and (words := last_words(message)):
        raise JobFailed(code=refused, message=words)
    raise broke_off


def _wait(claim: Claim[Any], child: Child, within: float) -> bool:
    """Wait for the end of the process, and return whether it came in time."""
    until = time.monotonic() + within
    while child.returncode is None:
        claim.check()
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _last_line(output: Path) -> dict[str, Any] | None:
    """Return the answer; nothing where there is none."""
    try:
        answer = json.loads(output.read_bytes().splitlines()[-1])
    except (IndexError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def _leave_to_another(claim: Claim[Any]) -> None:
    """Release the job because its lease ran short, and raise LeaseLost."""
    claim.check()
    claim.release()
    raise LeaseLost
