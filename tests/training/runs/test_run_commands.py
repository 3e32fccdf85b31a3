"""Runs from the command line: the same services, exit codes and JSON."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.training import small_runs
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada() -> User:
    small_runs.small_version()
    return User.objects.create_user("ada", is_staff=True)


def output(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def start(*more: str) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(
        output("start_training_run", "Signs", "--dataset", "signs", "--by", "ada", "--json", *more)
    )
    return plain


def test_a_run_is_started_with_its_settings(ada: User) -> None:
    plain = start("--set", "episodes.n_way=5", "--set", "method_config.take_turns=yes", "--method", "prototypical")
    run = TrainingRun.objects.get(pk=plain["run"])
    assert (plain["status"], run.config["episodes"]["n_way"], run.config["method_config"]["take_turns"]) == (
        "queued",
        5,
        True,
    )
    assert LogEntry.objects.get().user == ada


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--set", "episodes.n_way=1"], "it must be at least 2"),
        (["--set", "episodes.n_way=few"], "episodes.n_way is 'few'; it must be a whole number"),
        (["--set", "training.speed=5"], "training.speed is no setting"),
        (["--set", "speed"], "write it as training.steps=500"),
        (["--method", "alchemy"], "method is 'alchemy'; it must be maml, "),
        (["--dataset-version", "7"], "no such version"),
    ],
)
def test_what_cannot_be_is_refused_in_words(more: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        start(*more)
    assert refused.value.returncode == 1
    assert not TrainingRun.objects.exists()


def test_a_run_is_watched_until_it_is_over() -> None:
    run = start()["run"]
    assert json.loads(output("watch_run", run, "--once", "--json"))["status"] == "queued"
    TrainingRun.objects.update(status=JobStatus.READY, latest={"step": 12.0, "accuracy": 0.8})
    assert "step 12" in output("watch_run", run)


@pytest.mark.parametrize(("status", "code"), [(JobStatus.FAILED, 1), (JobStatus.CANCELLED, 3)])
def test_the_exit_status_says_how_a_run_ended(status: JobStatus, code: int) -> None:
    run = start()["run"]
    TrainingRun.objects.update(status=status, error="The loss became nan.")
    with pytest.raises(CommandError) as ended:
        output("watch_run", run)
    assert ended.value.returncode == code


def test_a_run_that_nobody_knows_is_said_so() -> None:
    with pytest.raises(CommandError, match="There is no run"):
        output("watch_run", "nothing")
