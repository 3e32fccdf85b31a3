"""The command line does what the admin does: the same services, with exit codes and JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from tests.checkpoints.candidates import candidate, make_benchmark, measured, staff
from webapp.checkpoints.models import Checkpoint, Evaluation, Publication

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    staff("sue")
    candidate("old", live=True)
    candidate("new")


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, "--by", "sue", stdout=out)
    return out.getvalue().strip()


def refusal(*arguments: str) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, "--by", "sue", "--json", stdout=out)
    return caught.value.returncode, json.loads(out.getvalue())


def test_publishing_and_rolling_back_in_words_and_in_json() -> None:
    assert run("publish_checkpoint", "new", "--reason", "we looked at it") == "new is live for characters."
    done = json.loads(run("rollback_checkpoint", "characters", "--json"))
    assert (done["act"], done["live"], done["replaced"]) == ("roll_back", "old", "new")
    assert [publication.by.username for publication in Publication.objects.all() if publication.by] == ["sue", "sue"]


def test_a_passed_gate_is_enough() -> None:
    measured(Checkpoint.objects.get(name="new"), Checkpoint.objects.get(name="old"), make_benchmark())
    assert json.loads(run("publish_checkpoint", "new", "--json"))["gate_passed"] is True


def test_what_is_refused_exits_with_1_and_says_why() -> None:
    assert refusal("publish_checkpoint", "new")[1]["error"] == "gate_not_passed"
    code, answer = refusal("publish_checkpoint", "nothing")
    assert (code, answer["error"]) == (1, "unknown_checkpoint")
    code, answer = refusal("rollback_checkpoint", "characters")
    assert (code, answer["error"]) == (1, "nothing_to_roll_back")
    assert refusal("publish_checkpoint", "new", "--measure")[1]["error"] == "nothing_to_measure_by"


def test_a_measurement_can_be_started() -> None:
    make_benchmark()
    answer = json.loads(run("publish_checkpoint", "new", "--measure", "--json"))
    assert answer == {"measurement": str(Evaluation.objects.get().pk), "status": "queued"}


def test_whoever_is_no_staff_is_wrong_usage() -> None:
    User.objects.create_user("ben")
    for name in ("ben", "nobody"):
        with pytest.raises(CommandError) as caught:
            call_command("publish_checkpoint", "new", "--by", name)
        assert caught.value.returncode == 2
