"""Delete runs, each with its checkpoint or not at all: where weights came from is not to be lost."""

from __future__ import annotations

import shutil

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.checkpoints import deletion as checkpoints
from webapp.checkpoints.models import Checkpoint
from webapp.core.deletion import Deletion, delete_row, listed, remark_on
from webapp.datasets.models import Dataset, DatasetVersion
from webapp.jobs.models import JobStatus
from webapp.training.models import Schedule, Sweep, TrainingRun
from webapp.training.states import forget_states, run_folders


def deletion_of(row: TrainingRun) -> Deletion:
    """Return what deleting a run would mean."""
    deletion = Deletion(goes=[_("The run, with its settings and curves.")])
    if row.is_active:
        deletion.forbidden.append(_("It is still at work. Cancel it first."))
    if row.sweep and row.sweep.is_active:
        deletion.forbidden.append(_("It is a trial of a sweep that goes on. Stop the sweep first."))
    if row.state_file:
        deletion.goes.append(_("Its state of step %(step)d, from which it could go on.") % {"step": row.state_step})
    if row.checkpoint:
        part, name = checkpoints.deletion_of(row.checkpoint), {"name": row.checkpoint}
        deletion.goes.append(_("Its checkpoint, %(name)s.") % name)
        deletion.forbidden += [_("Of its checkpoint, %(name)s: ") % name + reason for reason in part.forbidden]
    deletion.stays.append(_("The data set that it learned from."))
    if clones := row.clones.all():
        deletion.stays.append(_("The runs that were cloned from it: %(names)s.") % {"names": listed(clones)})
    return deletion


def delete(*, row: TrainingRun, by: User | None) -> None:
    """Delete a run with its files and its checkpoint; raise UserError, with the reasons, where that may not be."""
    delete_row(row=row, by=by, plan=deletion_of, remove=_remove)


def _remove(run: TrainingRun) -> None:
    def forget() -> None:
        forget_states(run=run)
        shutil.rmtree(run_folders() / str(run.pk), ignore_errors=True)

    transaction.on_commit(forget)
    TrainingRun.objects.filter(pk=run.pk).delete()
    if run.checkpoint:
        checkpoints.remove(run.checkpoint)


@remark_on(Dataset)
def _what_repeats(dataset: Dataset) -> Deletion:
    """Name the schedules that would have nothing to train on."""
    schedules = Schedule.objects.filter(dataset=dataset)
    sentence = _("The schedules that train on it, which then start nothing: %(names)s.")
    return Deletion(stays=[sentence % {"names": listed(schedules)}] if schedules else [])


@remark_on(DatasetVersion)
def _what_learns(version: DatasetVersion) -> Deletion:
    """Forbid to delete pictures that are being learned from; name the checkpoints that did."""
    deletion = Deletion()
    runs = [run for run in version.runs.exclude(status=JobStatus.READY) if run.is_active or run.is_paused]
    if runs:
        sentence = _("Runs still learn from it: %(names)s. Cancel them first.")
        deletion.forbidden.append(sentence % {"names": listed(runs)})
    if sweeps := Sweep.objects.filter(version=version, ended=None):
        sentence = _("Sweeps still try settings on it: %(names)s. Stop them first.")
        deletion.forbidden.append(sentence % {"names": listed(sweeps)})
    if learners := Checkpoint.objects.filter(training_run__version=version).order_by("name"):
        deletion.stays.append(_("The checkpoints that learned from it: %(names)s.") % {"names": listed(learners)})
    return deletion


@remark_on(Checkpoint)
def _what_it_came_of(checkpoint: Checkpoint) -> Deletion:
    """Name the run that stays without its checkpoint."""
    run = TrainingRun.objects.filter(checkpoint=checkpoint).first()
    return Deletion(stays=[_("The run that it came of: %(name)s.") % {"name": run}] if run else [])
