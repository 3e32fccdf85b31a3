"""How long would a run take? The work of an estimate: time a few steps of it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from django.utils.translation import gettext as _

from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.processes.questions import ask
from webapp.training.models import RunEstimate
from webapp.training.runs.command_line import estimate_command

STEPS = 20
MOST_SECONDS = 300


def time_steps(claim: Claim[RunEstimate]) -> None:
    """Run the command that times steps, and keep what it prints."""
    row = claim.job
    broke_off = JobFailed(code="estimate_failed", message=_("The steps could not be timed. Try smaller ones."))
    with TemporaryDirectory(prefix="glimpse-estimate-") as folder:
        command = estimate_command(row, Path(folder), steps=STEPS)
        answer = ask(claim, command, refused="estimate_failed", broke_off=broke_off, within=MOST_SECONDS)
    claim.finish(timings=answer)
