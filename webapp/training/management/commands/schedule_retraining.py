"""Repeat a run on a schedule, as the admin does."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.utils.dateparse import parse_time
from django.utils.translation import gettext as _
from django_celery_beat.models import CrontabSchedule

from webapp.core.staff.command import USAGE, StaffCommand
from webapp.training.models import Schedule
from webapp.training.recurrence import DAYS, Every, crontab_of
from webapp.training.runs.words import named_run, named_version
from webapp.training.schedules import services as schedules

ACTS = {
    "pause": schedules.pause_schedule,
    "resume": schedules.resume_schedule,
    "delete": schedules.delete_schedule,
}


class Command(StaffCommand):
    """Make a schedule, show it, change when it comes, pause, resume or delete it."""

    help = (
        "Repeat a finished run at its times, where its data has changed; without options, show how a schedule stands."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what is repeated, when, or what to do with a schedule that there is."""
        super().add_arguments(parser)
        parser.add_argument("name", help="What to call it, or the name or id of one that there is.")
        parser.add_argument("--run", help="The id of the finished run that a new schedule repeats.")
        parser.add_argument("--dataset", help="Another data set than the one of the run, by its name.")
        parser.add_argument("--every", choices=[Every.DAY.value, Every.WEEK.value, Every.MONTH.value])
        parser.add_argument("--at", metavar="HH:MM", default="03:00", help="By the site's clock (%(default)s).")
        parser.add_argument("--on", choices=list(DAYS), default="mon", help="The day of the week (%(default)s).")
        parser.add_argument("--day", type=int, default=1, help="The day of the month, 1 to 28 (%(default)s).")
        parser.add_argument("--crontab", metavar="LINE", help="Five fields instead of --every: '0 3 * * mon,thu'.")
        acts = parser.add_mutually_exclusive_group()
        for act in ACTS:
            acts.add_argument(f"--{act}", action="store_const", const=act, dest="act", help=f"{act.title()} it.")

    def act(self, by: User, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Do what is asked, and return how the schedule stands then."""
        repeat = _repeat(options)
        if options["run"]:
            if repeat is None or options["act"]:
                raise CommandError("--run goes with --every or --crontab, and with no later act.", returncode=USAGE)
            return _standing(_made(by, options, repeat))
        if options["dataset"] or (repeat and options["act"]):
            raise CommandError("--dataset goes with --run; do one thing at a time.", returncode=USAGE)
        schedule = schedules.named_schedule(name=options["name"])
        plain, _words = _standing(schedule)
        if repeat:
            schedules.change_schedule(by=by, schedule=schedule, repeat=repeat)
        elif options["act"]:
            ACTS[options["act"]](by=by, schedule=schedule)
        if options["act"] == "delete":
            return {**plain, "deleted": True}, _("%(name)s: deleted.") % {"name": schedule.name}
        return _standing(schedule)


def _repeat(options: dict[str, Any]) -> CrontabSchedule | None:
    """Return the crontab of the options; None where they hold none."""
    if options["crontab"]:
        return crontab_of(every=Every.CRONTAB, line=options["crontab"])
    if not options["every"]:
        return None
    try:
        at = parse_time(options["at"])
    except ValueError:
        at = None
    return crontab_of(every=options["every"], at=at, weekday=options["on"], day=options["day"])


def _made(by: User, options: dict[str, Any], repeat: CrontabSchedule) -> Schedule:
    run = named_run(name=options["run"])
    dataset = named_version(name=options["dataset"]).dataset if options["dataset"] else None
    return schedules.add_schedule(by=by, name=options["name"], run=run, repeat=repeat, dataset=dataset)


def _standing(schedule: Schedule) -> tuple[dict[str, Any], str]:
    """Return how a schedule stands, plainly and in words."""
    latest = f" {schedule.latest}" if schedule.latest else ""
    words = f"{schedule.name}: {schedule.repeats}. {schedule.sentence}{latest}"
    return schedules.plain_schedule(schedule=schedule), words
