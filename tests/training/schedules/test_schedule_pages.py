"""The pages of schedules: what the form takes and refuses, who may do what, and what is shown."""

from __future__ import annotations

import pytest
from django.contrib.admin import site as admin_site
from django.test import Client
from django.urls import reverse

from tests.training import small_runs
from tests.training.people import signed_in
from webapp.jobs.models import JobStatus
from webapp.training.models import Occasion, Schedule, TrainingRun
from webapp.training.recurrence import crontab_of
from webapp.training.schedules import services as schedules

pytestmark = pytest.mark.django_db
ADD = "admin:training_schedule_add"
ACTS = ("pause", "resume", "repeat", "remove")


@pytest.fixture
def run() -> TrainingRun:
    run = small_runs.start()
    TrainingRun.objects.update(status=JobStatus.READY)
    run.refresh_from_db()
    return run


@pytest.fixture
def schedule(run: TrainingRun) -> Schedule:
    repeat = crontab_of(every="crontab", line="0 3 * * mon")
    return schedules.add_schedule(by=None, name="Weekly", run=run, repeat=repeat)


def filled(base: TrainingRun, **changes: str) -> dict[str, str]:
    plain = {"name": "Nightly", "run": str(base.pk), "dataset": "", "every": "day", "at": "03:00"}
    return {**plain, "weekday": "mon", "day": "1", "line": "", **changes}


def test_the_form_makes_a_schedule_and_leads_to_its_page(run: TrainingRun) -> None:
    client = signed_in("add_trainingrun", "view_trainingrun")
    chosen = client.get(reverse(ADD), {"run": str(run.pk)}).content.decode()
    assert f'<option value="{run.pk}" selected>' in chosen
    answer = client.post(reverse(ADD), filled(run), follow=True)
    shown = answer.content.decode()
    schedule = Schedule.objects.get()
    assert answer.redirect_chain == [(reverse("admin:training_schedule_change", args=[schedule.pk]), 302)]
    assert "Every day at 03:00." in shown
    assert "Next: " in shown
    assert "It has not come yet." in shown


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "x" * 51}, "name", "at most 50"),
        ({"run": ""}, "run", "required"),
        ({"run": "00000000-0000-4000-8000-000000000000"}, "run", "valid choice"),
        ({"dataset": "00000000-0000-4000-8000-000000000000"}, "dataset", "valid choice"),
        ({"every": "year"}, "every", "valid choice"),
        ({"at": ""}, "at", "at what time"),
        ({"at": "25:00"}, "at", "valid time"),
        ({"every": "month", "day": "31"}, "day", "1 to 28"),
        ({"every": "week", "weekday": "someday"}, "weekday", "valid choice"),
        ({"every": "crontab", "line": "now and then"}, "line", "five fields"),
        ({"every": "crontab", "line": "0 3 31 2 *"}, "line", "never occurs"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    run: TrainingRun, changes: dict[str, str], field: str, words: str
) -> None:
    answer = signed_in("add_trainingrun").post(reverse(ADD), filled(run, **changes))
    assert words in answer.context["form"].errors[field][0]
    assert not Schedule.objects.exists()


def test_a_name_that_is_taken_and_a_run_that_is_not_finished_are_refused(schedule: Schedule) -> None:
    client = signed_in("add_trainingrun")
    assert schedule.run
    taken = client.post(reverse(ADD), filled(schedule.run, name="Weekly"))
    assert "already" in taken.context["form"].errors["name"][0]
    unfinished = client.post(reverse(ADD), filled(small_runs.start()))
    assert "valid choice" in unfinished.context["form"].errors["run"][0]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"every": "week", "weekday": "sun", "at": "04:30"}, "Every Sunday at 04:30."),
        ({"every": "crontab", "line": "0 3 1,15 * *"}, "on day 1 and 15 of the month"),
        ({"every": "day", "at": ""}, "at what time"),
        ({}, "required"),
    ],
)
def test_the_first_time_is_said_before_anything_is_made(asked: dict[str, str], words: str) -> None:
    answer = signed_in("add_trainingrun").get(reverse("admin:training_schedule_next"), asked)
    assert words in answer.content.decode()


def test_the_page_shows_what_came_of_it_and_the_run_leads_back(schedule: Schedule) -> None:
    run = small_runs.start()
    Occasion.objects.create(schedule=schedule, run=run)
    Occasion.objects.create(schedule=schedule, note="The data <has> not changed.")
    client = signed_in("view_trainingrun")
    shown = client.get(reverse("admin:training_schedule_change", args=[schedule.pk])).content.decode()
    link = reverse("admin:training_trainingrun_change", args=[run.pk])
    assert f'<a href="{link}">Signs</a> · queued' in shown
    assert "Nothing was started. The data &lt;has&gt; not changed." in shown
    assert reverse("admin:training_schedule_change", args=[schedule.pk]) in client.get(link).content.decode()
    listed = client.get(reverse("admin:training_schedule_changelist")).content.decode()
    assert "Every Monday at 03:00" in listed
    assert "The data &lt;has&gt; not changed." in listed


def test_a_schedule_is_paused_resumed_changed_and_deleted_on_its_page(schedule: Schedule) -> None:
    client = signed_in("change_trainingrun", "view_trainingrun")
    address = {act: reverse(f"admin:training_schedule_{act}", args=[schedule.pk]) for act in ACTS}
    assert {client.get(url).status_code for url in address.values()} == {405}
    assert "paused" in client.post(address["pause"], follow=True).content.decode()
    assert "paused already" in client.post(address["pause"], follow=True).content.decode()
    assert "Next: " in client.post(address["resume"], follow=True).content.decode()
    changed = client.post(address["repeat"], {"every": "month", "day": "2", "at": "05:00"}, follow=True)
    assert "On day 2 of every month at 05:00." in changed.content.decode()
    refused = client.post(address["repeat"], {"every": "month", "day": "30", "at": "05:00"})
    assert "1 to 28" in refused.content.decode()
    gone = client.post(address["remove"], follow=True)
    assert gone.redirect_chain == [(reverse("admin:training_schedule_changelist"), 302)]
    assert not Schedule.objects.exists()
    assert client.post(address["pause"]).status_code == 404


def every_page(client: Client, schedule: Schedule) -> dict[str, int]:
    looks = ("change", "history", "delete")
    answers = {page: client.get(reverse(f"admin:training_schedule_{page}", args=[schedule.pk])) for page in looks}
    answers |= {page: client.get(reverse(f"admin:training_schedule_{page}")) for page in ("add", "next", "changelist")}
    answers |= {"make": client.post(reverse(ADD), {})}
    answers |= {act: client.post(reverse(f"admin:training_schedule_{act}", args=[schedule.pk])) for act in ACTS}
    return {page: answer.status_code for page, answer in answers.items()}


def test_strangers_and_ordinary_users_are_sent_to_sign_in(schedule: Schedule) -> None:
    for client in (Client(), signed_in("change_trainingrun", "add_trainingrun", is_staff=False)):
        assert set(every_page(client, schedule).values()) == {302}
    assert not Schedule.objects.get().is_paused


def test_staff_without_the_permission_are_refused_everywhere(schedule: Schedule) -> None:
    assert set(every_page(signed_in("view_user"), schedule).values()) == {403}
    assert not Schedule.objects.get().is_paused


def test_staff_who_may_look_may_not_act(schedule: Schedule) -> None:
    answers = every_page(signed_in("view_trainingrun"), schedule)
    assert {page for page, status in answers.items() if status == 200} == {"change", "history", "changelist"}
    assert {status for status in answers.values() if status != 200} == {403}
    assert not Schedule.objects.get().is_paused


def test_periodic_tasks_that_nothing_would_do_cannot_be_made() -> None:
    labels = {model._meta.app_label for model in admin_site._registry}
    assert "django_celery_beat" not in labels
