"""Forget states of runs that nobody let go on: a chore that the clock calls."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun
from webapp.training.runs.relay import forget_states


def forget_old_states() -> None:
    """Delete the states of runs that failed or were cancelled days ago; those of paused runs wait for their person."""
    before = timezone.now() - timedelta(days=settings.GLIMPSE_STATE_DAYS)
    over = TrainingRun.objects.filter(status__in=(JobStatus.FAILED, JobStatus.CANCELLED), paused=False)
    for run in over.filter(finished__lt=before).exclude(state_file=""):
        same = over.filter(pk=run.pk, finished=run.finished)
        if same.update(state_file="", earlier_state_file="", state_step=0):
            forget_states(run=run)
