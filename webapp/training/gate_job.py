"""The work on a measurement: a process of its own measures two checkpoints, so that no worker loads torch for it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _

from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import run_claimed
from webapp.training.errors import StaffError
from webapp.training.models import GateExam
from webapp.training.stored_datasets import exam_arguments

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
"""How often it is looked whether the process has ended, or is to."""
REFUSED = 1
"""The exit status of mlcore for what a person can mend; its last line says what."""


def examine(job_id: str) -> None:
    """Measure a checkpoint against another."""
    run_claimed(GateExam, job_id, _examine)


def _examine(claim: Claim[GateExam]) -> None:
    """Measure, and write the figures together with the end of the job."""
    try:
        command = [sys.executable, "-m", "mlcore", "compare", "--json", *_arguments(claim.job)]
    except StaffError as error:
        raise JobFailed(code=error.code, message=error.message) from error
    claim.progress(0.0, _("Measuring both in the same episodes; this takes some minutes."))
    claim.finish(findings=_measured(claim, command))


def _arguments(job: GateExam) -> list[str]:
    """Say which two, on what, in which episodes."""
    two = ["--checkpoint", str(job.checkpoint.path), "--against", str(job.against.path)]
    drawn = [f"--{name.replace('_', '-')}={value}" for name, value in job.drawn.items()]
    machine = ["--device", settings.GLIMPSE_DEVICE, "--threads", "1", "--onnx", str(settings.DATA_DIR / "onnx")]
    machine += ["--end-with-parent"]
    return [*two, *exam_arguments(version=job.version), *drawn, *machine]


def _measured(claim: Claim[GateExam], command: list[str]) -> dict[str, Any]:
    """Run the command to its end, and return what it printed; end it if the job is to stop."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=err, cwd=settings.BASE_DIR) as process:
            try:
                _wait(claim, process)
            finally:
                process.kill()
        if process.returncode:
            raise _failure(process.returncode, _text(err))
        findings: dict[str, Any] = json.loads(_text(out))
        return findings


def _wait(claim: Claim[GateExam], process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of the process; raise as soon as the job is to stop."""
    while True:
        claim.check()
        try:
            process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


def _failure(status: int, said: str) -> JobFailed:
    """Say why there are no figures."""
    last = said.strip().rpartition("\n")[2].removeprefix("mlcore: ")
    logger.warning("A measurement ended with status %s: %s", status, said[-2000:])
    if status == REFUSED and last:
        return JobFailed(
            code="cannot_measure", message=_("It could not be measured: %(why)s.") % {"why": last.rstrip(".")}
        )
    message = _("The measuring program broke off, maybe for want of memory. Measure again; its log says more.")
    return JobFailed(code="measuring_broke_off", message=message)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
