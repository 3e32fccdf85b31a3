"""What would go and what would stay if staff deleted something, and why that may not be, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.admin.utils import model_ngettext
from django.db import router
from django.db.models import Model, ProtectedError
from django.db.models.deletion import Collector
from django.utils.translation import gettext as _

from webapp.checkpoints.models import Checkpoint, GateExam, StandingExam
from webapp.datasets.models import Dataset, DatasetVersion, Source
from webapp.jobs.models import JobStatus
from webapp.training.models import Schedule, Sweep, TrainingRun

Deletable = Dataset | DatasetVersion | TrainingRun | Checkpoint


@dataclass(kw_only=True)
class Deletion:
    """What goes, what stays, and what forbids it; each a sentence or a name."""

    goes: list[str] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)


def deletion_of(*, row: Deletable) -> Deletion:
    """Say what deleting a row would mean."""
    match row:
        case Dataset():
            return _of_dataset(row)
        case DatasetVersion():
            return _of_version(row)
        case TrainingRun():
            return _of_run(row)
        case _checkpoint:
            return _of_checkpoint(row)


def needed_by(row: Model) -> list[Model]:
    """List the rows that could not do without a row, as the tables say."""
    try:
        Collector(using=router.db_for_write(type(row)), origin=row).collect([row])
    except ProtectedError as error:
        return list(error.protected_objects)
    return []


def _of_dataset(dataset: Dataset) -> Deletion:
    """Sum up its versions."""
    whole, parts = Deletion(), {version: _parts_of(version) for version in dataset.versions.all()}
    line = _("The data set %(name)s.") % {"name": dataset}
    (whole.stays if any(needed_by(version) for version in parts) else whole.goes).append(line)
    if schedules := Schedule.objects.filter(dataset=dataset):
        said = _("The schedules that train on it, which then start nothing: %(names)s.")
        whole.stays.append(said % {"names": _listed(schedules)})
    for version, part in parts.items():
        for name in ("goes", "stays", "forbidden"):
            getattr(whole, name).extend(f"v{version.number}: {said}" for said in getattr(part, name))
    return _unless_bare(whole)


def _of_version(version: DatasetVersion) -> Deletion:
    return _unless_bare(_parts_of(version))


def _unless_bare(deletion: Deletion) -> Deletion:
    """Forbid what would do nothing."""
    if not deletion.goes:
        deletion.forbidden.append(_("Nothing of it is left here that could go."))
    return deletion


def _parts_of(version: DatasetVersion) -> Deletion:
    """Pictures go; the line in the list stays as long as a run needs it to say what it learned from."""
    deletion, needed = Deletion(forbidden=list(_what_uses(version))), needed_by(version)
    if version.archive:
        known = {"pictures": version.n_pictures, "classes": version.n_classes}
        deletion.goes.append(_("Its %(pictures)d pictures in %(classes)d classes, and the contact sheet.") % known)
    if version.dataset.source in (Source.REGISTERED, Source.FOLDER):
        deletion.stays.append(_("The files on the server that it was made of."))
    if not needed:
        deletion.goes.append(_("Its line in the list."))
    elif version.archive:
        said = _("Its line in the list, marked as deleted, for %(these)s; no run on it can be repeated or go on.")
        deletion.stays.append(said % {"these": counted(needed)})
    else:
        deletion.stays.append(_("Its line in the list, for %(these)s.") % {"these": counted(needed)})
    if learners := Checkpoint.objects.filter(training_run__version=version).order_by("name"):
        deletion.stays.append(_("The checkpoints that learned from it: %(names)s.") % {"names": _listed(learners)})
    return deletion


def _what_uses(version: DatasetVersion) -> Iterable[str]:
    """Say what reads its pictures now, or is about to."""
    if version.is_active:
        yield _("It is being ingested. Cancel that first.")
    runs = [run for run in version.runs.exclude(status=JobStatus.READY) if run.is_active or run.is_paused]
    if runs:
        yield _("Runs still learn from it: %(names)s. Cancel them first.") % {"names": _listed(runs)}
    if sweeps := Sweep.objects.filter(version=version, ended=None):
        yield _("Sweeps still try settings on it: %(names)s. Stop them first.") % {"names": _listed(sweeps)}
    if exams := StandingExam.objects.filter(version=version).values_list("kind", flat=True):
        yield _("It is the standing exam of %(kinds)s. Choose another there first.") % {"kinds": ", ".join(exams)}
    if GateExam.objects.filter(version=version).active().exists():
        yield _("A checkpoint is being measured by it. Wait for that, or stop it.")


def _of_run(run: TrainingRun) -> Deletion:
    """A run goes with its checkpoint, or not at all: where weights came from is not to be lost."""
    deletion = Deletion(goes=[_("The run, with its settings and curves.")])
    if run.is_active:
        deletion.forbidden.append(_("It is still at work. Cancel it first."))
    if run.sweep and run.sweep.is_active:
        deletion.forbidden.append(_("It is a trial of a sweep that goes on. Stop the sweep first."))
    if run.state_file:
        deletion.goes.append(_("Its state of step %(step)d, from which it could go on.") % {"step": run.state_step})
    if run.checkpoint:
        part, name = _of_checkpoint(run.checkpoint), {"name": run.checkpoint}
        deletion.goes.append(_("Its checkpoint, %(name)s.") % name)
        deletion.forbidden += [_("Of its checkpoint, %(name)s: ") % name + reason for reason in part.forbidden]
    deletion.stays.append(_("The data set that it learned from."))
    if clones := run.clones.all():
        deletion.stays.append(_("The runs that were cloned from it: %(names)s.") % {"names": _listed(clones)})
    return deletion


def _of_checkpoint(checkpoint: Checkpoint) -> Deletion:
    """Weights go that nothing stands on and nothing came of."""
    deletion = Deletion(goes=[_("Its weights and its card, and what was measured of it.")])
    if checkpoint.live:
        deletion.forbidden.append(_("It is live."))
    if checkpoint.is_shipped:
        deletion.forbidden.append(_("It ships with the project, and would be back with the next start."))
    if needed := needed_by(checkpoint):
        deletion.forbidden.append(_("It is needed by %(these)s.") % {"these": counted(needed)})
    sittings = checkpoint.gate_exams.all() | GateExam.objects.filter(against=checkpoint)
    if sittings.active().exists():
        deletion.forbidden.append(_("It is being measured. Stop that first."))
    if run := TrainingRun.objects.filter(checkpoint=checkpoint).first():
        deletion.stays.append(_("The run that it came of: %(name)s.") % {"name": run})
    return deletion


def counted(rows: Iterable[Model]) -> str:
    """Count rows by what they are called."""
    counts = Counter(type(row) for row in rows)
    return ", ".join(f"{n} {model_ngettext(model._meta, n)}" for model, n in counts.items())


def _listed(rows: Iterable[Model]) -> str:
    return ", ".join(str(row) for row in rows)
