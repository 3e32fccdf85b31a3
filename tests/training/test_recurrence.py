"""When something repeats: what is taken and refused, what is said, and when it comes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from webapp.core.errors import UserError
from webapp.training.recurrence import choices_in, crontab_of, in_words, is_due, moment_in_words, next_after

THREE = time(3, 0)
TUESDAY = datetime(2026, 11, 24, 18, 0, tzinfo=ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("choices", "words", "comes"),
    [
        ({"every": "day", "at": THREE}, "Every day at 03:00", "2026-11-25T03:00"),
        ({"every": "day", "at": time(23, 5)}, "Every day at 23:05", "2026-11-24T23:05"),
        ({"every": "week", "at": THREE, "weekday": "mon"}, "Every Monday at 03:00", "2026-11-30T03:00"),
        ({"every": "week", "at": THREE, "weekday": "sun"}, "Every Sunday at 03:00", "2026-11-29T03:00"),
        ({"every": "month", "at": THREE, "day": 28}, "On day 28 of every month at 03:00", "2026-11-28T03:00"),
        ({"every": "crontab", "line": "0 3 * * *"}, "Every day at 03:00", "2026-11-25T03:00"),
        (
            {"every": "crontab", "line": " 0  3 * *  mon,thu "},
            "At 03:00 AM, only on Monday and Thursday",
            "2026-11-26T03:00",
        ),
        (
            {"every": "crontab", "line": "0 3 29 2 *"},
            "At 03:00 AM, on day 29 of the month, only in February",
            "2028-02-29T03:00",
        ),
    ],
)
def test_choices_make_a_crontab_that_says_when_it_comes(choices: dict[str, Any], words: str, comes: str) -> None:
    crontab = crontab_of(**choices)
    assert in_words(crontab) == words
    assert next_after(crontab, TUESDAY).strftime("%Y-%m-%dT%H:%M") == comes


@pytest.mark.parametrize(
    "choices",
    [
        {"every": "day", "at": "03:00"},
        {"every": "week", "at": "04:30", "weekday": "sat"},
        {"every": "month", "at": "00:00", "day": 9},
        {"every": "crontab", "line": "0 3 1,15 * *"},
    ],
)
def test_a_form_shows_the_choices_it_was_made_of(choices: dict[str, Any]) -> None:
    at = {"at": time.fromisoformat(choices["at"])} if "at" in choices else {}
    assert choices_in(crontab_of(**{**choices, **at})) == choices


@pytest.mark.parametrize(
    ("choices", "field", "words"),
    [
        ({"every": "year", "at": THREE}, "every", "Choose one of"),
        ({"every": "day"}, "at", "at what time"),
        ({"every": "week", "at": THREE, "weekday": "someday"}, "weekday", "mon, tue"),
        ({"every": "month", "at": THREE, "day": 31}, "day", "from 1 to 28"),
        ({"every": "month", "at": THREE, "day": None}, "day", "from 1 to 28"),
        ({"every": "crontab", "line": ""}, "line", "five fields"),
        ({"every": "crontab", "line": "@daily"}, "line", "five fields"),
        ({"every": "crontab", "line": "* 3 * * *"}, "line", "once an hour"),
        ({"every": "crontab", "line": "0,30 3 * * *"}, "line", "once an hour"),
        ({"every": "crontab", "line": "60 3 * * *"}, "line", "60"),
        ({"every": "crontab", "line": "0 25 * * *"}, "line", "25"),
        ({"every": "crontab", "line": "0 3 * * noday"}, "line", "noday"),
        ({"every": "crontab", "line": "0 3 31 2 *"}, "line", "never occurs"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(choices: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as refused:
        crontab_of(**choices)
    assert refused.value.field == field


def test_the_sites_time_zone_counts(settings: Any) -> None:
    settings.TIME_ZONE = "America/New_York"
    crontab = crontab_of(every="day", at=THREE)
    comes = next_after(crontab, TUESDAY)
    assert comes == datetime(2026, 11, 25, 8, 0, tzinfo=ZoneInfo("UTC"))
    assert "03:00 (EST)" in moment_in_words(comes)


@pytest.mark.parametrize(
    ("zone", "eve", "at", "comes", "shown"),
    [
        ("Europe/Paris", "2027-03-27", time(2, 30), "2027-03-28T03:30+02:00", "Sunday, 28 March 2027, 03:30 (CEST)"),
        ("Europe/Paris", "2027-03-27", time(2, 0), "2027-03-28T03:00+02:00", "Sunday, 28 March 2027, 03:00 (CEST)"),
        ("America/New_York", "2027-03-13", time(2, 5), "2027-03-14T03:05-04:00", "Sunday, 14 March 2027, 03:05 (EDT)"),
        ("Australia/Lord_Howe", "2027-10-02", time(2, 10), "2027-10-03T02:40+11:00", "3 October 2027, 02:40 (+11)"),
        ("Europe/Paris", "2027-10-30", time(2, 30), "2027-10-31T02:30+02:00", "Sunday, 31 October 2027, 02:30 (CEST)"),
        ("Europe/Paris", "2027-10-30", time(3, 0), "2027-10-31T03:00+01:00", "Sunday, 31 October 2027, 03:00 (CET)"),
    ],
)
def test_when_clocks_change_a_time_is_shown_as_it_will_be(
    zone: str, eve: str, at: time, comes: str, shown: str, settings: Any
) -> None:
    settings.TIME_ZONE = zone
    crontab = crontab_of(every="day", at=at)
    noon = datetime.combine(date.fromisoformat(eve), time(12), timezone.get_default_timezone())
    first = next_after(crontab, noon)
    assert first.isoformat(timespec="minutes") == comes
    assert shown in moment_in_words(first)
    following = next_after(crontab, first)
    assert following.time() == at
    assert following.date() == first.date() + timedelta(days=1)


def test_a_time_that_comes_twice_comes_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TIME_ZONE = "Europe/Paris"
    crontab = crontab_of(every="day", at=time(2, 30))
    asked = datetime(2027, 10, 31, 2, 15, fold=1, tzinfo=timezone.get_default_timezone())
    assert next_after(crontab, asked).isoformat(timespec="minutes") == "2027-11-01T02:30+01:00"
    timer = PeriodicTask(crontab=crontab, last_run_at=asked.astimezone(UTC))
    for minutes, due in ((5, False), (20, False), (24 * 60 + 14, False), (24 * 60 + 15, True)):
        monkeypatch.setattr(timezone, "now", lambda minutes=minutes: asked.astimezone(UTC) + timedelta(minutes=minutes))
        assert is_due(timer) is due


def test_what_is_shown_is_when_it_is_due(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TIME_ZONE = "Europe/Paris"
    crontab = crontab_of(every="day", at=time(2, 30))
    noon = datetime(2027, 3, 27, 12, 0, tzinfo=timezone.get_default_timezone())
    first = next_after(crontab, noon)
    for seconds, due in ((-1, False), (0, True)):
        monkeypatch.setattr(timezone, "now", lambda seconds=seconds: first + timedelta(seconds=seconds))
        assert is_due(PeriodicTask(crontab=crontab, last_run_at=noon)) is due
