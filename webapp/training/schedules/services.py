"""Retrain on a schedule: make one, change when it comes, let it rest, delete it, and start what is due."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from mlcore.data.names import clean
from webapp.core.errors import UserError
from webapp.core.staff.history import note
from webapp.datasets.models import Dataset, DatasetVersion
from webapp.jobs.models import ACTIVE, JobStatus
from webapp.training import recurrence
from webapp.training.models import Occasion, Schedule, TrainingRun
from webapp.training.runs.services import start_run
from webapp.training.runs.settings import checked_row, row_fields

LONGEST_NAME = 50
NOTES_KEPT = 100
"""Of each schedule: how many times at which nothing was started are remembered."""
START_DUE = "webapp.training.schedules.chore.start_due"
"""What does the periodic tasks of schedules: a chore of the clock."""


def add_schedule(
    *, by: User | None, name: str, run: TrainingRun, repeat: CrontabSchedule, dataset: Dataset | None = None
) -> Schedule:
    """Repeat a finished run at the times of a crontab, on another data set if one is given; raise UserError."""
    name = clean(name)
    if not 1 <= len(name) <= LONGEST_NAME:
        message = _("A schedule's name has 1 to %(most)d characters.") % {"most": LONGEST_NAME}
        raise UserError("bad_name", message, field="name")
    if run.status != JobStatus.READY:
        message = _("The run %(name)s is not finished; choose one that is.") % {"name": run.name}
        raise UserError("not_finished", message, field="run")
    schedule = Schedule(name=name, run=run, start_from=run.start_from, created_by=by, **row_fields(checked_row(run)))
    schedule.dataset = dataset or run.version.dataset
    try:
        with transaction.atomic():
            named = {"name": f"{name} ({schedule.pk})", "task": START_DUE}
            schedule.timer = PeriodicTask.objects.create(**named, crontab=recurrence.saved(repeat))
            schedule.save()
            note(by=by, row=schedule, act=_("Made: %(repeats)s.") % {"repeats": schedule.repeats})
    except IntegrityError as error:
        message = _("There is a schedule called %(name)s already.") % {"name": name}
        raise UserError("name_taken", message, field="name") from error
    return schedule


@transaction.atomic
def change_schedule(*, by: User | None, schedule: Schedule, repeat: CrontabSchedule) -> None:
    """Change when a schedule comes; what was missed by the old ones is forgotten."""
    timer = schedule.timer
    timer.crontab, timer.last_run_at = recurrence.saved(repeat), None
    timer.save()
    note(by=by, row=schedule, act=_("Changed: %(repeats)s.") % {"repeats": schedule.repeats})


@transaction.atomic
def pause_schedule(*, by: User | None, schedule: Schedule) -> None:
    """Start nothing more until `resume_schedule`; what trains now goes on."""
    if schedule.is_paused:
        raise UserError("paused_already", _("This schedule is paused already."))
    _enable(schedule, False)
    note(by=by, row=schedule, act=_("Paused."))


@transaction.atomic
def resume_schedule(*, by: User | None, schedule: Schedule) -> None:
    """Resume with the next time; those that were missed meanwhile are not made up for."""
    if not schedule.is_paused:
        raise UserError("not_paused", _("This schedule is not paused."))
    _enable(schedule, True)
    note(by=by, row=schedule, act=_("Resumed."))


def _enable(schedule: Schedule, enabled: bool) -> None:
    schedule.timer.enabled, schedule.timer.last_run_at = enabled, None
    schedule.timer.save()


@transaction.atomic
def delete_schedule(*, by: User | None, schedule: Schedule) -> None:
    """Delete a schedule and what it noted; its runs stay."""
    note(by=by, row=schedule, act=_("Deleted."))
    timer = schedule.timer
    schedule.delete()
    timer.delete()
    CrontabSchedule.objects.filter(pk=timer.crontab_id, periodictask=None).delete()


def start_if_due(*, schedule: Schedule) -> Occasion | None:
    """Start a run if a schedule is due, or note why not; nothing if it is not due, or another clock was faster."""
    if not recurrence.is_due(schedule.timer):
        return None
    with transaction.atomic():
        timer = PeriodicTask.objects.select_for_update().filter(pk=schedule.timer_id, enabled=True).first()
        if timer is None or not recurrence.is_due(timer):
            return None
        recurrence.mark_done(timer)
        return _take(schedule)


def _take(schedule: Schedule) -> Occasion:
    """Start a run or find out why none can be, and write down which."""
    try:
        run, words = _start(schedule), ""
        note(by=schedule.created_by, row=schedule, act=_("Started %(run)s."), named={"run": run})
    except UserError as error:
        run, words = None, error.message
        note(by=None, row=schedule, act=f"Started nothing: {error.code}.")
    occasion = Occasion.objects.create(schedule=schedule, run=run, note=words)
    kept = list(schedule.occasions.filter(run=None).values_list("pk", flat=True)[:NOTES_KEPT])
    schedule.occasions.filter(run=None).exclude(pk__in=kept).delete()
    return occasion


def _start(schedule: Schedule) -> TrainingRun:
    """Start a clone on the newest data; raise UserError where there is no need or no way."""
    version = _newest(schedule)
    _require_idle(schedule)
    _require_change(schedule, version)
    return start_run(
        by=schedule.created_by,
        name=f"{schedule.name} · {timezone.localdate()}",
        settings=checked_row(schedule),
        version=version,
        start_from=schedule.start_from,
        cloned_from=schedule.run,
        act=_("Started by the schedule %(schedule)s."),
        named={"schedule": schedule},
    )


def _newest(schedule: Schedule) -> DatasetVersion:
    if schedule.dataset is None:
        message = _("Its data set was deleted. Delete this schedule too, or make one for another data set.")
        raise UserError("dataset_deleted", message)
    newest = schedule.dataset.versions.filter(status=JobStatus.READY).order_by("-number").first()
    if newest is None:
        message = _("The data set %(name)s has no version that is ready.") % {"name": schedule.dataset}
        raise UserError("dataset_not_ready", message)
    return newest


def _require_idle(schedule: Schedule) -> None:
    not_over = Q(status__in=ACTIVE) | Q(status=JobStatus.CANCELLED, paused=True)
    run = TrainingRun.objects.filter(not_over, occasion__schedule=schedule).first()
    if run:
        message = _("Its last run, %(name)s, is not over yet.") % {"name": run.name}
        raise UserError("still_going", message)


def _require_change(schedule: Schedule, version: DatasetVersion) -> None:
    """Raise UserError if the newest data was learned already: by its last finished run, or by the one it repeats."""
    finished = TrainingRun.objects.filter(occasion__schedule=schedule, status=JobStatus.READY)
    last = finished.order_by("-created").first() or schedule.run
    if last is None:
        return
    same = version.fingerprint and version.fingerprint == last.version.fingerprint
    if same or version.pk == last.version_id:
        message = _("The data has not changed since %(run)s learned it: %(version)s is the newest.")
        raise UserError("data_unchanged", message % {"run": last.name, "version": version})


def named_schedule(*, name: str) -> Schedule:
    """Find a schedule by its name or id, or raise UserError."""
    rows = Schedule.objects.select_related("timer__crontab", "dataset")
    try:
        schedule = rows.filter(pk=uuid.UUID(name)).first()
    except ValueError:
        schedule = rows.filter(name=clean(name)).first()
    if schedule is None:
        raise UserError("unknown_schedule", _("There is no schedule %(name)s.") % {"name": name})
    return schedule


def plain_schedule(*, schedule: Schedule) -> dict[str, Any]:
    """Return how a schedule stands as plain values."""
    timer = schedule.timer
    upcoming = None if schedule.is_paused else recurrence.next_after(timer.crontab, timezone.now()).isoformat()
    occasions = [
        {"at": row.at.isoformat(), "run": str(row.run_id) if row.run_id else None, "note": row.note}
        for row in schedule.occasions.all()[:20]
    ]
    return {
        "schedule": str(schedule.pk),
        "name": schedule.name,
        "dataset": schedule.dataset.name if schedule.dataset else None,
        "repeats": schedule.repeats,
        "paused": schedule.is_paused,
        "next": upcoming,
        "occasions": occasions,
    }
