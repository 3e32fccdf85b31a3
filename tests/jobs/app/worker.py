"""What a worker does for a rehearsal."""

from __future__ import annotations

import os
import signal
import time

from django.db import transaction

from webapp.jobs.claims import Claim

from .models import Rehearsal, RehearsalResult, RehearsalStep

STEP_SECONDS = 0.1


def work(claim: Claim[Rehearsal]) -> None:
    """Take every step, then leave the result and the answer together."""
    rehearsal = claim.job
    for step in range(rehearsal.steps):
        claim.progress(step / rehearsal.steps, f"Step {step + 1} of {rehearsal.steps}")
        RehearsalStep.objects.create(rehearsal=rehearsal, attempt=rehearsal.attempt)
        if rehearsal.kills_its_worker:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(STEP_SECONDS)
    with transaction.atomic():
        RehearsalResult.objects.create(rehearsal=rehearsal, attempt=rehearsal.attempt, worker=os.getpid())
        claim.finish(answer=f"after {rehearsal.steps} steps")
