"""A schedule that is due starts a clone on the newest data, or notes why it did not."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from tests.training import small_runs
from webapp.core.errors import UserError
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import JobStatus
from webapp.training.models import Schedule, TrainingRun
from webapp.training.recurrence import crontab_of
from webapp.training.runs import services as runs
from webapp.training.schedules import services as schedules
from webapp.training.schedules.chore import start_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", is_staff=True)


@pytest.fixture
def schedule(ada: User) -> Schedule:
    """Repeat a finished run on data with fingerprint "1"."""
    return made(by=ada)


def made(name: str = "Nightly", by: User | None = None, run: TrainingRun | None = None, **more: Any) -> Schedule:
    repeat = crontab_of(every="day", at=time(3, 0))
    return schedules.add_schedule(by=by, name=name, run=run or finished(), repeat=repeat, **more)


def finished() -> TrainingRun:
    run = small_runs.start()
    DatasetVersion.objects.filter(pk=run.version_id, fingerprint="").update(fingerprint="1")
    finish()
    run.refresh_from_db()
    return run


def finish(status: str = JobStatus.READY) -> None:
    """Finish a run as a worker would."""
    TrainingRun.objects.filter(status=JobStatus.QUEUED).update(status=status)


def newer(schedule: Schedule, fingerprint: str) -> DatasetVersion:
    """Add a version of its data set."""
    assert schedule.dataset
    number = schedule.dataset.next_number
    values = {"number": number, "status": JobStatus.READY, "fingerprint": fingerprint, "archive": "datasets/x.zip"}
    return DatasetVersion.objects.create(dataset=schedule.dataset, **values)


def come_round() -> None:
    """Advance the clock by a day, and call its chore."""
    day = timedelta(days=1)
    PeriodicTask.objects.update(last_run_at=timezone.now() - day, date_changed=F("date_changed") - day)
    start_due()


def notes(schedule: Schedule) -> list[str]:
    return [str(occasion) for occasion in schedule.occasions.order_by("pk")]


def test_nothing_starts_before_its_time(schedule: Schedule) -> None:
    newer(schedule, "2")
    start_due()
    assert notes(schedule) == []


def test_a_clone_starts_on_the_newest_data_once(schedule: Schedule, ada: User) -> None:
    newest = newer(schedule, "2")
    come_round()
    start_due()
    run = TrainingRun.objects.get(occasion__schedule=schedule)
    assert (run.version, run.cloned_from, run.created_by) == (newest, schedule.run, ada)
    assert run.name == f"Nightly · {timezone.localdate()}"
    assert (run.config["training"]["steps"], run.config["episodes"]["n_way"]) == (12, 5)
    assert notes(schedule) == [run.name]
    entry = LogEntry.objects.get(content_type__model="trainingrun", object_id=str(run.pk))
    assert (entry.user, entry.get_change_message()) == (ada, "Started by the schedule Nightly.")


def test_of_two_clocks_that_see_it_due_one_starts_the_run(schedule: Schedule) -> None:
    newer(schedule, "2")
    day = timedelta(days=1)
    PeriodicTask.objects.update(last_run_at=timezone.now() - day)
    seen_by_one, seen_by_other = (Schedule.objects.select_related("timer").get() for _clock in range(2))
    assert schedules.start_if_due(schedule=seen_by_one)
    assert schedules.start_if_due(schedule=seen_by_other) is None
    assert len(notes(schedule)) == 1


@pytest.mark.parametrize("as_new_version", [False, True])
def test_unchanged_data_is_noted_and_starts_nothing(schedule: Schedule, as_new_version: bool) -> None:
    if as_new_version:
        newer(schedule, "1")
    come_round()
    assert not TrainingRun.objects.filter(status=JobStatus.QUEUED).exists()
    assert "has not changed since Signs learned it" in notes(schedule)[0]


def test_data_counts_as_learned_only_by_a_run_that_came_to_its_end(schedule: Schedule) -> None:
    newer(schedule, "2")
    come_round()
    finish(JobStatus.FAILED)
    come_round()
    finish()
    come_round()
    assert [bool(occasion.run_id) for occasion in schedule.occasions.order_by("pk")] == [True, True, False]
    assert "has not changed" in notes(schedule)[-1]


def test_a_run_that_is_not_over_is_waited_for_even_where_it_is_paused(schedule: Schedule) -> None:
    newer(schedule, "2")
    come_round()
    newer(schedule, "3")
    come_round()
    runs.pause_run(by=None, run=TrainingRun.objects.get(occasion__schedule=schedule))
    come_round()
    assert ["is not over yet" in note for note in notes(schedule)] == [False, True, True]


def test_other_data_than_that_of_the_run(schedule: Schedule) -> None:
    other = small_runs.small_version("others")
    moved = made("Others", run=schedule.run, dataset=other.dataset)
    come_round()
    assert TrainingRun.objects.get(occasion__schedule=moved).version == other


def test_data_that_is_gone_incomplete_or_not_ready_is_noted(schedule: Schedule) -> None:
    newest = newer(schedule, "2")
    DatasetVersion.objects.filter(pk=newest.pk).update(incomplete=True)
    come_round()
    DatasetVersion.objects.update(status=JobStatus.FAILED)
    come_round()
    Schedule.objects.update(dataset=None)
    come_round()
    first, second, third = notes(schedule)
    assert "withdrawn" in first
    assert "no version that is ready" in second
    assert "was deleted" in third


def test_a_full_disk_is_noted_and_the_next_time_tries_again(schedule: Schedule, settings: Any) -> None:
    newer(schedule, "2")
    limits = settings.GLIMPSE_LIMITS
    settings.GLIMPSE_LIMITS = {**limits, "free_disk_bytes": 10**18}
    come_round()
    settings.GLIMPSE_LIMITS = limits
    come_round()
    first, second = notes(schedule)
    assert "The disk is too full" in first
    assert second.startswith("Nightly · ")


def test_a_run_that_was_deleted_leaves_its_settings(schedule: Schedule) -> None:
    TrainingRun.objects.all().delete()
    come_round()
    run = TrainingRun.objects.get(occasion__schedule=schedule)
    assert (run.cloned_from, run.config["training"]["steps"]) == (None, 12)


def test_a_fault_holds_no_other_schedule_up_and_is_tried_again(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = made("Other", run=schedule.run)
    real, broken = schedules.start_if_due, [schedule.pk]

    def start(*, schedule: Schedule) -> Any:
        if schedule.pk in broken:
            raise RuntimeError("a fault")
        return real(schedule=schedule)

    monkeypatch.setattr(schedules, "start_if_due", start)
    come_round()
    assert [len(notes(row)) for row in (schedule, other)] == [0, 1]
    broken.clear()
    start_due()
    assert [len(notes(row)) for row in (schedule, other)] == [1, 1]


def test_what_was_missed_while_it_was_paused_or_came_by_other_times_is_not_made_up_for(
    schedule: Schedule, ada: User
) -> None:
    schedules.pause_schedule(by=ada, schedule=schedule)
    come_round()
    schedules.resume_schedule(by=ada, schedule=Schedule.objects.get())
    start_due()
    assert notes(schedule) == []
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(days=1))
    schedules.change_schedule(by=ada, schedule=Schedule.objects.get(), repeat=crontab_of(every="day", at=time(4, 0)))
    start_due()
    assert notes(schedule) == []
    assert Schedule.objects.get().repeats == "Every day at 04:00"


def test_every_act_is_written_down_and_one_that_makes_no_sense_is_refused(schedule: Schedule, ada: User) -> None:
    schedules.pause_schedule(by=ada, schedule=schedule)
    with pytest.raises(UserError, match="paused already"):
        schedules.pause_schedule(by=ada, schedule=schedule)
    assert "Paused" in schedule.sentence
    schedules.resume_schedule(by=ada, schedule=schedule)
    with pytest.raises(UserError, match="not paused"):
        schedules.resume_schedule(by=ada, schedule=schedule)
    assert "Next: " in schedule.sentence
    schedules.change_schedule(by=ada, schedule=schedule, repeat=crontab_of(every="crontab", line="0 5 * * *"))
    schedules.delete_schedule(by=ada, schedule=schedule)
    entries = LogEntry.objects.filter(content_type__model="schedule", user=ada).order_by("pk")
    words = ["Made: Every day at 03:00.", "Paused.", "Resumed.", "Changed: Every day at 05:00.", "Deleted."]
    assert [entry.get_change_message() for entry in entries] == words


def test_deleting_leaves_runs_and_nothing_of_its_own(schedule: Schedule) -> None:
    other = made("Other", run=schedule.run)
    come_round()
    schedules.delete_schedule(by=None, schedule=Schedule.objects.get(pk=schedule.pk))
    assert (PeriodicTask.objects.count(), CrontabSchedule.objects.count()) == (1, 1)
    schedules.delete_schedule(by=None, schedule=Schedule.objects.get(pk=other.pk))
    assert (PeriodicTask.objects.count(), CrontabSchedule.objects.count()) == (0, 0)
    assert TrainingRun.objects.count() == 1


def test_old_notes_are_forgotten_and_runs_are_not(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.training.schedules.services.NOTES_KEPT", 2)
    newer(schedule, "2")
    come_round()
    finish()
    for _day in range(4):
        come_round()
    assert [bool(occasion.run_id) for occasion in schedule.occasions.order_by("pk")] == [True, False, False]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": ""}, "name", "1 to 50"),
        ({"name": "x" * 51}, "name", "1 to 50"),
        ({"name": "Nightly"}, "name", "already"),
    ],
)
def test_a_bad_name_is_refused(schedule: Schedule, change: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as refused:
        made(run=schedule.run, **change)
    assert refused.value.field == field
    assert PeriodicTask.objects.count() == 1


def test_only_a_finished_run_can_be_repeated() -> None:
    with pytest.raises(UserError, match="not finished") as refused:
        made(run=small_runs.start())
    assert refused.value.field == "run"
