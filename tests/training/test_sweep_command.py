"""Sweeps from the command line."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.training import small_runs
from webapp.training.management.commands import sweep as command
from webapp.training.models import Sweep

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada() -> User:
    return User.objects.create_user("ada", is_staff=True)


def said(*more: str) -> dict[str, Any]:
    out = io.StringIO()
    run = str(small_runs.start().pk)
    call_command("sweep", "Ways", "--run", run, "--by", "ada", "--json", *more, stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def test_a_sweep_is_started_with_the_settings_of_a_run(ada: User) -> None:
    told = said("--search", "episodes.n_way = 3, 4", "--strategy", "grid", "--budget", "2")
    sweep = Sweep.objects.get(pk=told["sweep"])
    assert (sweep.created_by, sweep.strategy, sweep.budget) == (ada, "grid", 2)
    assert sweep.training["steps"] == 12
    assert told["active"]


def test_it_can_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(_seconds: float) -> None:
        from webapp.training import services

        services.stop_sweep(by=None, sweep=Sweep.objects.get())

    monkeypatch.setattr(command, "sleep", meanwhile)
    assert not said("--search", "episodes.n_way = 3, 4", "--wait")["active"]


def test_a_bad_space_is_refused_with_an_exit_code() -> None:
    with pytest.raises(CommandError, match=r"no setting training\.speed") as refused:
        said("--search", "training.speed = 1, 2")
    assert refused.value.returncode == 1
    assert not Sweep.objects.exists()
