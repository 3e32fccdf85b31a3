"""When something repeats: django-celery-beat's crontabs, made of plain choices and told in words."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from celery import current_app
from celery.schedules import ParseException
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_beat.schedulers import ModelEntry

from webapp.core.errors import UserError

DAYS = dict(zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), WEEKDAYS.values(), strict=True))
LAST_DAY = 28
"""The last day that every month has."""
FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


class Every(models.TextChoices):
    """How often."""

    DAY = "day", gettext_lazy("every day")
    WEEK = "week", gettext_lazy("every week")
    MONTH = "month", gettext_lazy("every month")
    CRONTAB = "crontab", gettext_lazy("as a crontab line says")


def crontab_of(
    *, every: str, at: time | None = None, weekday: str = "mon", day: int | None = 1, line: str = ""
) -> CrontabSchedule:
    """Make a crontab in the site's time zone, not saved yet; raise UserError with the name of what cannot be.

    at, weekday (`mon` …) and day (of the month) are of daily, weekly and monthly ones; line is of the rest.
    """
    if every == Every.CRONTAB:
        return _checked(line.split())
    if every not in Every.values:
        raise _wrong("every", _("Choose one of %(names)s.") % {"names": ", ".join(Every.values)})
    if at is None:
        raise _wrong("at", _("Say at what time, such as 03:00."))
    if every == Every.WEEK and weekday not in DAYS:
        raise _wrong("weekday", _("Choose one of %(names)s.") % {"names": ", ".join(DAYS)})
    if every == Every.MONTH and not 1 <= (day or 0) <= LAST_DAY:
        raise _wrong("day", _("Choose a day from 1 to %(last)d, which every month has.") % {"last": LAST_DAY})
    of_month = str(day) if every == Every.MONTH else "*"
    of_week = weekday if every == Every.WEEK else "*"
    return _checked([str(at.minute), str(at.hour), of_month, "*", of_week])


def _checked(parts: list[str]) -> CrontabSchedule:
    """Make a crontab of its five fields if it comes at all, and at most once an hour."""
    if len(parts) != len(FIELDS):
        message = _("A crontab line has five fields: minute, hour, day of the month, month, day of the week.")
        raise _wrong("line", message)
    if not parts[0].isdecimal():
        raise _wrong("line", _("The first field, the minute, must be one number: once an hour is the most."))
    crontab = CrontabSchedule(**dict(zip(FIELDS, parts, strict=True)), timezone=timezone.get_default_timezone())
    try:
        crontab.clean_fields()
        next_after(crontab, timezone.now())
    except ValidationError as error:
        raise _wrong("line", " ".join(error.messages)) from error
    except (ValueError, ParseException) as error:
        raise _wrong("line", str(error)) from error
    return crontab


def _wrong(field: str, message: str) -> UserError:
    return UserError("bad_repetition", message, field=field)


def saved(crontab: CrontabSchedule) -> CrontabSchedule:
    """Return the row that is equal to a crontab; rows are shared, as django-celery-beat does."""
    same = {name: getattr(crontab, name) for name in (*FIELDS, "timezone")}
    return CrontabSchedule.objects.filter(**same).first() or CrontabSchedule.objects.create(**same)


def choices_in(crontab: CrontabSchedule) -> dict[str, Any]:
    """Return the plain choices that `crontab_of` would make this of, as a form shows them."""
    minute, hour, day, month, weekday = (getattr(crontab, name) for name in FIELDS)
    line = " ".join((minute, hour, day, month, weekday))
    if not (minute.isdecimal() and hour.isdecimal() and month == "*"):
        return {"every": Every.CRONTAB, "line": line}
    at = f"{time(int(hour), int(minute)):%H:%M}"
    if (day, weekday) == ("*", "*"):
        return {"every": Every.DAY, "at": at}
    if day == "*" and weekday in DAYS:
        return {"every": Every.WEEK, "at": at, "weekday": weekday}
    if day.isdecimal() and int(day) <= LAST_DAY and weekday == "*":
        return {"every": Every.MONTH, "at": at, "day": int(day)}
    return {"every": Every.CRONTAB, "line": line}


def in_words(crontab: CrontabSchedule) -> str:
    """Return how often and when."""
    plain = choices_in(crontab)
    match plain["every"]:
        case Every.DAY:
            return _("Every day at %(at)s") % plain
        case Every.WEEK:
            return _("Every %(day)s at %(at)s") % {**plain, "day": DAYS[plain["weekday"]]}
        case Every.MONTH:
            return _("On day %(day)d of every month at %(at)s") % plain
        case _line:
            words: str = crontab.human_readable
            return words.removesuffix(f" {crontab.timezone}")


def next_after(crontab: CrontabSchedule, moment: datetime) -> datetime:
    """Return the first time after a moment at which a crontab comes, as its zone's clocks will show it then.

    A time that is left out when clocks go forward comes as much later as they go; one that comes twice when they go
    back, comes the first time.
    """
    start, step, _now = crontab.schedule.remaining_delta(moment.astimezone(crontab.timezone))
    upcoming: datetime = (start + step).astimezone(UTC)
    if upcoming <= moment:  # asked between the first time and the second
        return next_after(crontab, upcoming)
    return upcoming.astimezone(crontab.timezone)


def moment_in_words(moment: datetime) -> str:
    """Return a time to come by the site's clock, and how long it takes until then, in words."""
    local = timezone.localtime(moment)
    left = timeuntil(moment.astimezone(UTC), depth=1)
    values = {"date": date_format(local, "l, j F Y, H:i"), "zone": local.tzname(), "left": left}
    return _("%(date)s (%(zone)s), in %(left)s") % values


def is_due(timer: PeriodicTask) -> bool:
    """Return whether a time has come since a periodic task was last done, made or changed: the one that is shown."""
    since = timer.last_run_at or timer.date_changed
    return bool(timer.enabled) and next_after(timer.crontab, since) <= timezone.now()


def mark_done(timer: PeriodicTask) -> None:
    """Write down that a periodic task was done now."""
    next(ModelEntry(timer, app=current_app)).save()
