"""The work on an evaluation: a process of its own measures two checkpoints, so that no worker loads torch for it."""

from __future__ import annotations

import sys

from django.conf import settings
from django.utils.translation import gettext as _

from webapp.checkpoints.models import Evaluation
from webapp.checkpoints.stored_checkpoints import local_folder
from webapp.datasets.stored_datasets import benchmark_arguments
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import run_claimed
from webapp.processes.questions import ask


def examine(job_id: str, attempt: int | None = None) -> None:
    """Measure a checkpoint against another."""
    run_claimed(Evaluation, job_id, _examine, attempt)


def _examine(claim: Claim[Evaluation]) -> None:
    """Measure, and write the figures together with the end of the job."""
    command = [sys.executable, "-m", "mlcore", "compare", "--json", *_arguments(claim.job)]
    claim.progress(0.0, _("Measuring both in the same episodes; this takes some minutes."))
    message = _("The measuring program broke off, maybe for want of memory. Measure again; its log says more.")
    broke_off = JobFailed(code="measuring_broke_off", message=message)
    claim.finish(findings=ask(claim, command, refused="cannot_measure", broke_off=broke_off))


def _arguments(job: Evaluation) -> list[str]:
    """Return the options of the comparison: which two, on what, in which episodes."""
    both = [str(local_folder(checkpoint=checkpoint)) for checkpoint in (job.checkpoint, job.against)]
    two = ["--checkpoint", both[0], "--against", both[1]]
    drawn = [f"--{name.replace('_', '-')}={value}" for name, value in job.drawn.items()]
    machine = ["--device", settings.GLIMPSE_DEVICE, "--threads", "1", "--onnx", str(settings.DATA_DIR / "onnx")]
    return [*two, *benchmark_arguments(version=job.version), *drawn, *machine]
