"""Sweeps from the command line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.training import small_runs
from webapp.training.management.commands import sweep as command
from webapp.training.models import Sweep
from webapp.training.sweeps import services as sweeps

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada() -> User:
    return User.objects.create_user("ada", is_staff=True)


def start(*more: str) -> dict[str, Any]:
    out = io.StringIO()
    run = str(small_runs.start().pk)
    call_command("sweep", "Ways", "--run", run, "--by", "ada", "--json", *more, stdout=out)
    plain: dict[str, Any] = json.loads(out.getvalue())
    return plain


def test_a_sweep_is_started_with_the_settings_of_a_run(ada: User) -> None:
    plain = start("--search", "episodes.n_way = 3, 4", "--strategy", "grid", "--budget", "2")
    sweep = Sweep.objects.get(pk=plain["sweep"])
    assert (sweep.created_by, sweep.strategy, sweep.budget) == (ada, "grid", 2)
    assert sweep.config["training"]["steps"] == 12
    assert plain["active"]


def waited_for(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Sweep], None]) -> tuple[dict[str, Any], int]:
    """Wait for a sweep that something becomes of meanwhile; return its output and the exit code."""
    monkeypatch.setattr(command, "sleep", lambda _seconds: meanwhile(Sweep.objects.get()))
    out, code = io.StringIO(), 0
    words = ["Ways", "--run", str(small_runs.start().pk), "--by", "ada", "--json", "--wait"]
    try:
        call_command("sweep", *words, "--search", "episodes.n_way = 3, 4", stdout=out)
    except CommandError as error:
        code = error.returncode
    return json.loads(out.getvalue()), code


def test_it_can_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, code = waited_for(monkeypatch, lambda sweep: sweeps.end_sweep(sweep=sweep))
    assert (plain["active"], plain["obstacle"], code) == (False, None, 0)


def test_one_that_could_not_go_on_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, code = waited_for(monkeypatch, lambda sweep: sweeps.end_sweep(sweep=sweep, obstacle="The disk is full."))
    assert (plain["obstacle"], code) == ("The disk is full.", 1)
    assert "could not go on" in plain["sentence"]


def test_one_that_a_person_stopped_has_an_exit_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, code = waited_for(monkeypatch, lambda sweep: sweeps.stop_sweep(by=None, sweep=sweep))
    assert (plain["obstacle"], code) == (None, 3)


def test_a_bad_space_is_refused_with_an_exit_code() -> None:
    with pytest.raises(CommandError, match=r"training\.speed is no setting") as refused:
        start("--search", "training.speed = 1, 2")
    assert refused.value.returncode == 1
    assert not Sweep.objects.exists()
