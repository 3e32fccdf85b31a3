"""How long the states of runs are kept, and which are still needed: chores that clocks call."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from webapp.jobs.models import JobStatus
from webapp.storage.orphans import delete_old
from webapp.training.models import TrainingRun
from webapp.training.states import forget_states, run_folders


def forget_old_states() -> None:
    """Delete the states of runs that failed or were cancelled days ago; those of paused runs wait for their person."""
    before = timezone.now() - timedelta(days=settings.GLIMPSE_STATE_DAYS)
    over = TrainingRun.objects.filter(status__in=(JobStatus.FAILED, JobStatus.CANCELLED), paused=False)
    for run in over.filter(finished__lt=before).exclude(state_file=""):
        same = over.filter(pk=run.pk, finished=run.finished)
        if same.update(state_file="", earlier_state_file="", state_step=0):
            forget_states(run=run)


def delete_resting_folders() -> None:
    """Delete the folders of runs that rest or are gone; what they go on from is stored."""
    delete_old(run_folders(), except_for=lambda: map(str, TrainingRun.objects.active().values_list("pk", flat=True)))


def named(names: list[str]) -> set[str]:
    """Return those of some names that are states which runs go on from."""
    needed = Q(state_file__in=names) | Q(earlier_state_file__in=names)
    pairs = TrainingRun.objects.filter(needed).values_list("state_file", "earlier_state_file")
    return {name for pair in pairs for name in pair}
