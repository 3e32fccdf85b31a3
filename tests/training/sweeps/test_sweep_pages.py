"""The pages of sweeps: what the form takes and refuses, who may do what, and what is shown."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from tests.training import small_runs
from tests.training.people import signed_in
from webapp.jobs.models import JobStatus
from webapp.training.models import Sweep, TrainingRun
from webapp.training.sweeps import services as sweeps
from webapp.training.sweeps.chore import advance

pytestmark = pytest.mark.django_db
ADD = "admin:training_sweep_add"


@pytest.fixture
def run() -> TrainingRun:
    return small_runs.start()


@pytest.fixture
def sweep(run: TrainingRun) -> Sweep:
    space = {"training.outer_lr": {"low": 0.001, "high": 0.1, "log": True}}
    settings = small_runs.small_settings()
    values = {"by": None, "name": "Rates", "settings": settings, "version": run.version, "space": space}
    return sweeps.start_sweep(**values, strategy="random", budget=4)


def filled(base: TrainingRun, **changes: Any) -> dict[str, Any]:
    space = "training.outer_lr = 0.001 .. 0.1 log\r\nepisodes.n_way = 3, 5\r\n"
    plain = {"name": "Rates", "run": str(base.pk), "strategy": "tpe", "budget": "9", "seed": "4"}
    return {**plain, "space": space, **changes}


def test_the_form_begins_a_sweep_and_writes_down_who_did(run: TrainingRun) -> None:
    client = signed_in("add_trainingrun", "view_trainingrun")
    assert client.get(reverse(ADD)).status_code == 200
    answer = client.post(reverse(ADD), filled(run))
    sweep = Sweep.objects.get()
    assert answer.headers["Location"] == reverse("admin:training_sweep_change", args=[sweep.pk])
    assert (sweep.budget, sweep.seed, list(sweep.space)) == (9, 4, ["training.outer_lr", "episodes.n_way"])
    entry = LogEntry.objects.get(content_type__model="sweep")
    assert (entry.user, entry.get_change_message()) == (sweep.created_by, "Started.")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"space": "training.speed = 1, 2"}, "space", "training.speed is no setting"),
        ({"space": "nonsense"}, "space", "is not understood"),
        ({"space": "episodes.n_way = 1, 5"}, "space", "at least 2"),
        ({"space": "episodes.n_way = 3, 4, 5", "strategy": "grid", "budget": "2"}, "budget", "3 combinations"),
        ({"budget": "0"}, "budget", "1 to 1000"),
        ({"seed": "-1"}, "seed", "from 0 on"),
        ({"strategy": "luck"}, "strategy", "valid choice"),
        ({"run": "00000000-0000-4000-8000-000000000000"}, "run", "valid choice"),
        ({"name": "x" * 51}, "name", "at most 50"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    run: TrainingRun, changes: dict[str, Any], field: str, words: str
) -> None:
    answer = signed_in("add_trainingrun").post(reverse(ADD), filled(run, **changes))
    assert words in answer.context["form"].errors[field][0]
    assert not Sweep.objects.exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"n": "1000", "k": "10", "confidence": "90"}, "needs 230 trials"),
        ({"n": "1000", "k": "100", "confidence": "90"}, "needs 22 trials"),
        ({"n": "5", "k": "10", "confidence": "90"}, "fewer combinations"),
        ({"n": "5", "k": "0", "confidence": "90"}, "greater than or equal to 1"),
        ({"n": "many", "k": "1", "confidence": "90"}, "whole number"),
        ({"n": "5", "k": "1", "confidence": "100"}, "less than or equal"),
        ({}, "required"),
    ],
)
def test_the_calculator_counts_draws(asked: dict[str, str], words: str) -> None:
    answer = signed_in("add_trainingrun").get(reverse("admin:training_sweep_draws"), asked)
    assert words in answer.content.decode()


@pytest.mark.parametrize(
    ("space", "shown"),
    [
        ("episodes.n_way = 1, 5, 10", {"n": "3", "k": "3"}),  # what cannot be trained with is said when it is sent
        ("episodes.n_way = 3, 4, 5\r\ntraining.seed = 1, 2", {"n": "6", "k": "6"}),
        ("training.outer_lr = 0.001 .. 0.1 log", {"n": "1000", "k": "10"}),
        ("nonsense", {"n": "1000", "k": "10"}),
        ("", {"n": "1000", "k": "10"}),
    ],
)
def test_the_calculator_takes_the_number_of_combinations_from_what_is_typed(
    run: TrainingRun, space: str, shown: dict[str, str]
) -> None:
    typed = {"space": space, "run": str(run.pk), "n": "1000", "k": "10", "confidence": "90"}
    answer = signed_in("add_trainingrun").get(reverse("admin:training_sweep_draws"), typed)
    assert {name: answer.context["calculator"][name].value() for name in shown} == shown
    assert 'id="calculator"' in answer.content.decode()


def test_the_page_shows_trials_each_linked_to_its_run_and_the_best(sweep: Sweep) -> None:
    for accuracy in (0.5, 0.8, 0.6, 0.7):
        advance()
        points = [{"step": 4, "accuracy": accuracy, "ci95": 0.1}]
        sweep.runs.filter(status=JobStatus.QUEUED).update(status=JobStatus.READY, points=points)
    advance()
    client = signed_in("view_trainingrun")
    page = client.get(reverse("admin:training_sweep_change", args=[sweep.pk])).content.decode()
    links = [reverse("admin:training_trainingrun_change", args=[run.pk]) for run in sweep.trials]
    assert [page.count(f'href="{link}" aria-label="Rates') for link in links] == [1, 1, 1, 1]
    assert page.count("dot-best") == 1
    assert "Best so far:" in page
    assert "How much each setting mattered" in page
    assert client.get(reverse("admin:training_sweep_live", args=[sweep.pk])).status_code == 286
    assert "Rates" in client.get(links[0]).content.decode()


def test_the_page_names_what_is_searched_in_words(run: TrainingRun) -> None:
    space = {
        "training.outer_lr": {"low": 0.001, "high": 0.1, "log": True},
        "method_config.take_turns": {"choices": [True, False]},
        "method_config.backbone.width": {"choices": [8, 16]},
    }
    values = {"by": None, "name": "Words", "settings": small_runs.small_settings(), "version": run.version}
    sweep = sweeps.start_sweep(**values, space=space, strategy="random", budget=4)
    advance()
    Sweep.objects.filter(pk=sweep.pk).update(importance={"training.outer_lr": 0.9, "method_config.backbone.width": 0.1})
    answer = signed_in("view_trainingrun").get(reverse("admin:training_sweep_change", args=[sweep.pk]))
    labels = ["Learning rate", "Every picture as support", "Width"]
    assert [(label, values) for label, _, values in answer.context["searched"]] == list(
        zip(labels, ["0.001 – 0.1, logarithmic", "yes, no", "8, 16"], strict=True)
    )
    page = answer.content.decode()
    for label in labels:
        assert re.search(rf'<th scope="col" title="[\w.]+">{label}</th>', page)
    assert 'aria-label="Learning rate">90 %' in page
    assert not re.search(r">[^<]*(outer_lr|take_turns|backbone\.)[^<]*<", page)


def test_a_sweep_is_stopped_on_its_page(sweep: Sweep) -> None:
    client = signed_in("change_trainingrun", "view_trainingrun")
    live = reverse("admin:training_sweep_live", args=[sweep.pk])
    assert client.get(live).status_code == 200
    stop = reverse("admin:training_sweep_stop", args=[sweep.pk])
    assert client.get(stop).status_code == 405
    assert client.post(stop).status_code == 302
    assert "over already" in client.post(stop, follow=True).content.decode()
    sweep.refresh_from_db()
    assert sweep.stopped
    takes_the_button_away = '<div id="sweep-acts" hx-swap-oob="true"></div>'
    assert takes_the_button_away in client.get(live).content.decode()
    assert takes_the_button_away not in signed_in("view_trainingrun").get(live).content.decode()


def every_page(client: Client, sweep: Sweep) -> dict[str, int]:
    looks = ("change", "live", "history", "delete")
    answers = {page: client.get(reverse(f"admin:training_sweep_{page}", args=[sweep.pk])) for page in looks}
    answers |= {page: client.get(reverse(f"admin:training_sweep_{page}")) for page in ("add", "draws", "changelist")}
    answers |= {"begin": client.post(reverse(ADD), {})}
    answers |= {"stop": client.post(reverse("admin:training_sweep_stop", args=[sweep.pk]))}
    return {page: answer.status_code for page, answer in answers.items()}


def test_strangers_and_ordinary_users_are_sent_to_sign_in(sweep: Sweep) -> None:
    for client in (Client(), signed_in("change_trainingrun", "add_trainingrun", is_staff=False)):
        assert set(every_page(client, sweep).values()) == {302}
    sweep.refresh_from_db()
    assert sweep.is_active


def test_staff_without_the_permission_are_refused_everywhere(sweep: Sweep) -> None:
    assert set(every_page(signed_in("view_user"), sweep).values()) == {403}
    sweep.refresh_from_db()
    assert sweep.is_active


def test_staff_who_may_look_may_not_act(sweep: Sweep) -> None:
    answers = every_page(signed_in("view_trainingrun"), sweep)
    assert {page for page, status in answers.items() if status == 200} == {"change", "live", "history", "changelist"}
    assert {answers[page] for page in ("add", "draws", "begin", "stop", "delete")} == {403}
    sweep.refresh_from_db()
    assert sweep.is_active


def test_what_is_not_there_is_404() -> None:
    client = signed_in("view_trainingrun")
    assert client.get(reverse("admin:training_sweep_live", args=[uuid4()])).status_code == 404
    assert client.get(reverse("admin:training_sweep_change", args=[uuid4()])).status_code == 404
