"""Schedules from the command line."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.training import small_runs
from webapp.jobs.models import JobStatus
from webapp.training.models import Schedule, TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada() -> User:
    return User.objects.create_user("ada", is_staff=True)


@pytest.fixture
def run() -> str:
    run = small_runs.start()
    TrainingRun.objects.update(status=JobStatus.READY)
    return str(run.pk)


def output(*words: str) -> str:
    out = io.StringIO()
    call_command("schedule_retraining", *words, "--by", "ada", stdout=out)
    return out.getvalue()


def plain_output(*words: str) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(output(*words, "--json"))
    return plain


def test_a_schedule_is_made_shown_changed_paused_resumed_and_deleted(run: str, ada: User) -> None:
    made = plain_output("Weekly", "--run", run, "--every", "week", "--on", "sun", "--at", "04:30")
    assert (made["name"], made["dataset"], made["repeats"]) == ("Weekly", "signs", "Every Sunday at 04:30")
    assert (made["paused"], made["occasions"]) == (False, [])
    assert Schedule.objects.get().created_by == ada
    assert output("Weekly").startswith("Weekly: Every Sunday at 04:30. Next: ")
    assert plain_output("Weekly", "--crontab", "0 3 1 * *")["repeats"] == "On day 1 of every month at 03:00"
    assert plain_output(made["schedule"], "--pause")["next"] is None
    assert plain_output("Weekly", "--resume")["next"]
    assert plain_output("Weekly", "--delete")["deleted"]
    assert not Schedule.objects.exists()


def test_another_data_set_may_be_named(run: str) -> None:
    small_runs.small_version("others")
    assert plain_output("Other", "--run", run, "--every", "day", "--dataset", "others")["dataset"] == "others"


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        (("Weekly",), "no schedule Weekly", 1),
        (("Weekly", "--pause"), "no schedule Weekly", 1),
        (("Weekly", "--run", "{run}", "--every", "month", "--day", "30"), "1 to 28", 1),
        (("Weekly", "--run", "{run}", "--every", "day", "--at", "25:00"), "at what time", 1),
        (("Weekly", "--run", "{run}", "--crontab", "now"), "five fields", 1),
        (("Weekly", "--run", "nothing", "--every", "day"), "no run nothing", 1),
        (("Weekly", "--run", "{run}"), "--run goes with", 2),
        (("Weekly", "--run", "{run}", "--every", "day", "--pause"), "--run goes with", 2),
        (("Weekly", "--every", "day", "--pause"), "one thing at a time", 2),
    ],
)
def test_what_cannot_be_is_refused_with_an_exit_code(run: str, words: tuple[str, ...], message: str, code: int) -> None:
    with pytest.raises(CommandError, match=message) as refused:
        output(*(word.format(run=run) for word in words))
    assert refused.value.returncode == code
    assert not Schedule.objects.exists()
