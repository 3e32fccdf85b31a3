"""Start runs, stop them, let them go on."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mlcore.cli.commands.unseen import check_unseen
from mlcore.documents import value_at
from mlcore.method_config import METHODS
from mlcore.run_config import MetaRunConfig
from webapp.checkpoints.models import Checkpoint
from webapp.core.errors import UserError
from webapp.core.rows.stored_json import require_sound
from webapp.core.staff.history import Named, note
from webapp.datasets.models import DatasetVersion
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.pictures.names import clean_name
from webapp.storage import disk
from webapp.training.models import RunEstimate, TrainingRun
from webapp.training.runs.beginnings import require_pictures
from webapp.training.runs.settings import WAYS, AnyRunConfig, refused, room_needed, row_fields, ways_in

ESTIMATES_KEPT = timedelta(days=1)


@transaction.atomic
def start_run(
    *,
    by: User | None,
    name: str,
    settings: AnyRunConfig,
    version: DatasetVersion,
    start_from: Checkpoint | None = None,
    cloned_from: TrainingRun | None = None,
    act: str = "",
    named: Named | None = None,
) -> TrainingRun:
    """Queue a run; raise UserError where its data, its beginning or the disk do not allow it.

    act, named: what `note` writes where it was not a person who started it.
    """
    require_fitting(settings, version, start_from)
    made_of = {"version": version, "start_from": start_from, **row_fields(settings)}
    run = TrainingRun(name=clean_name(name), cloned_from=cloned_from, created_by=by, **made_of)
    disk.require_room(room_needed(run))
    run.save()
    note(by=by, row=run, act=act or _("Started."), named=named)
    jobs.enqueue(run)
    return run


@transaction.atomic
def start_estimate(
    *, by: User | None, settings: AnyRunConfig, version: DatasetVersion, start_from: Checkpoint | None = None
) -> RunEstimate:
    """Queue the timing of a few steps; raise UserError as `start_run` does."""
    require_fitting(settings, version, start_from)
    RunEstimate.objects.filter(created__lt=timezone.now() - ESTIMATES_KEPT).delete()
    row = RunEstimate(version=version, start_from=start_from, created_by=by, **row_fields(settings))
    row.save()
    jobs.enqueue(row)
    return row


def require_fitting(settings: AnyRunConfig, version: DatasetVersion, start_from: Checkpoint | None) -> None:
    """Raise UserError where the data cannot be trained on, or the checkpoint has another backbone."""
    if version.status != JobStatus.READY:
        message = _("The data set %(name)s is not ready yet.") % {"name": version}
        raise UserError("dataset_not_ready", message, field="version")
    if version.deleted:
        message = _("The pictures of %(name)s were deleted; choose another version.") % {"name": version}
        raise UserError("dataset_deleted", message, field="version")
    if version.incomplete:
        message = _("Pictures were withdrawn from %(name)s; choose its newest version.") % {"name": version}
        raise UserError("dataset_incomplete", message, field="version")
    _require_classes(settings, version)
    if start_from:
        require_pictures(settings.kind, start_from.kind)
        require_sound(start_from)
    if start_from and isinstance(settings, MetaRunConfig):
        start = METHODS[start_from.method].config.from_dict(start_from.card["config"])
        with refused():
            settings.require_start(start, name=start_from.name)


def _require_classes(settings: AnyRunConfig, version: DatasetVersion) -> None:
    """Raise UserError where the data is known to have too little for a step, or was learned by the network before."""
    name = WAYS[0] if isinstance(settings, MetaRunConfig) else WAYS[1]
    document = settings.to_dict()
    ways, limit = value_at(document, name), ways_in(version, document)
    if limit is not None and ways > limit:
        many = _("%(name)s is %(ways)d; it must be at most %(limit)d: %(version)s has no more classes to train on.")
        few = _(
            "%(name)s is %(ways)d, but fewer than two classes of %(version)s have so many pictures as shots and "
            "queries ask for; ask for fewer, or choose other data."
        )
        values = {"name": name, "ways": ways, "limit": limit, "version": version}
        raise UserError("bad_setting", (many if limit > 1 else few) % values, field=name)
    if isinstance(settings, MetaRunConfig):
        with refused():
            check_unseen(version.mlcore_name, settings.method_config)


@transaction.atomic
def cancel_run(*, by: User | None, run: TrainingRun, act: str = "") -> None:
    """Stop a run for good, as far as one can say; its state is kept, so that it may go on all the same.

    act: as of `start_run`.
    """
    if not (run.is_active or run.is_paused):
        raise UserError("not_active", _("This run is over already."))
    TrainingRun.objects.filter(pk=run.pk).update(paused=False)
    run.paused = False
    jobs.cancel(run)
    note(by=by, row=run, act=act or _("Cancelled."))


@transaction.atomic
def pause_run(*, by: User | None, run: TrainingRun) -> None:
    """Stop a run until `resume_run`; it keeps its state first."""
    if not run.is_active:
        raise UserError("not_active", _("This run is over already."))
    TrainingRun.objects.filter(pk=run.pk).update(paused=True)
    run.paused = True
    jobs.cancel(run)
    note(by=by, row=run, act=_("Paused."))


@transaction.atomic
def resume_run(*, by: User | None, run: TrainingRun) -> None:
    """Resume a paused, cancelled or failed run from its last state."""
    if run.version.deleted:
        message = _("The pictures of its data set were deleted, so that this run cannot go on.")
        raise UserError("dataset_deleted", message)
    if run.version.incomplete:
        message = _("Pictures were withdrawn from its data set, so that this run cannot go on.")
        raise UserError("dataset_incomplete", message)
    if not jobs.requeue(run):
        raise UserError("not_stopped", _("This run is not stopped, so that it cannot go on."))
    TrainingRun.objects.filter(pk=run.pk).update(paused=False)
    run.paused = False
    note(by=by, row=run, act=_("Resumed."))
