"""Staff delete what nothing needs any more, knowing what goes; nothing that is served or descended from vanishes."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from tests.checkpoints.candidates import candidate, make_benchmark, measured, staff
from tests.datasets.conftest import another, class_folders, ingested, started, stored_files, zipped
from tests.training import small_runs
from webapp.accounts.models import Owner
from webapp.checkpoints import deletion as checkpoint_deletion
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint, Publication
from webapp.core.deletion import Deletion
from webapp.core.errors import UserError
from webapp.datasets import deletion as dataset_deletion
from webapp.datasets.models import Contribution, Dataset, DatasetVersion, Source
from webapp.jobs.models import JobStatus
from webapp.recognition.models import Classifier, SupportSet
from webapp.training import deletion as training_deletion
from webapp.training import retention
from webapp.training.models import Sweep, TrainingRun
from webapp.training.runs import services as runs
from webapp.training.states import run_folders

pytestmark = pytest.mark.django_db
WHY = "we looked at it ourselves"
Deletable = Dataset | DatasetVersion | TrainingRun | Checkpoint
HOME: dict[type, Any] = {
    Dataset: dataset_deletion,
    DatasetVersion: dataset_deletion,
    Checkpoint: checkpoint_deletion,
    TrainingRun: training_deletion,
}
"""The module that deletes rows of a model."""


def deletion_of(row: Deletable) -> Deletion:
    planned: Deletion = HOME[type(row)].deletion_of(row)
    return planned


def delete_row(row: Deletable) -> None:
    HOME[type(row)].delete(row=row, by=None)


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def version() -> DatasetVersion:
    return ingested(zipped(class_folders(16, 8)))


@pytest.fixture
def run(version: DatasetVersion) -> TrainingRun:
    """Return a run that was cancelled, with a state to go on from."""
    run = small_runs.start(version)
    state = default_storage.save("runs/state.safetensors", ContentFile(b"x"))
    ended = {"status": JobStatus.CANCELLED, "finished": timezone.now(), "state_file": state, "state_step": 8}
    TrainingRun.objects.filter(pk=run.pk).update(**ended)
    run.refresh_from_db()
    return run


@pytest.fixture
def delete(django_capture_on_commit_callbacks: Any) -> Any:
    """Return a function that deletes a row, with what happens once that is certain."""

    def deleted(row: Deletable) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            delete_row(row)

    return deleted


def refusal(row: Deletable) -> str:
    with pytest.raises(UserError) as caught:
        delete_row(row)
    assert caught.value.message == " ".join(deletion_of(row).forbidden)
    return caught.value.message


def finished(run: TrainingRun, name: str = "made") -> Checkpoint:
    """Finish a run, with a checkpoint."""
    made = candidate(name)
    TrainingRun.objects.filter(pk=run.pk).update(status=JobStatus.READY, checkpoint=made)
    run.refresh_from_db()
    return made


def test_a_version_that_nothing_needs_goes_with_its_files(version: DatasetVersion, delete: Any, settings: Any) -> None:
    plan = deletion_of(version)
    assert plan.goes == ["Its 128 pictures in 16 classes, and the contact sheet.", "Its line in the list."]
    assert (plan.stays, plan.forbidden) == ([], [])
    delete(version)
    assert not DatasetVersion.objects.exists()
    assert stored_files(settings) == set()


def test_a_version_that_runs_learned_from_stays_listed_without_its_pictures(
    version: DatasetVersion, run: TrainingRun, delete: Any, settings: Any
) -> None:
    finished(run)
    Contribution.objects.create(version=version, picture=uuid4(), path="train/a/1.png")
    plan = deletion_of(version)
    assert plan.stays[0].startswith("Its line in the list, marked as deleted, for 1 training run;")
    assert plan.stays[1] == "The checkpoints that learned from it: made."
    delete(version)
    version.refresh_from_db()
    assert (version.archive.name, version.contact_sheet.name, version.gap) == ("", "", "deleted")
    assert not version.contributions.exists()
    assert not any(name.startswith("datasets/") for name in stored_files(settings))
    assert list(Checkpoint.objects.filter(training_run__version=version)) == [run.checkpoint]
    assert refusal(version) == "Nothing of it is left here that could go."


def test_nothing_is_trained_or_measured_on_deleted_pictures(
    version: DatasetVersion, run: TrainingRun, delete: Any
) -> None:
    delete(version)
    version.refresh_from_db()
    run.refresh_from_db()
    assert not run.can_go_on
    assert not DatasetVersion.objects.trainable().exists()
    with pytest.raises(UserError, match="pictures of its data set were deleted"):
        runs.resume_run(run=run, by=None)
    with pytest.raises(UserError, match="were deleted; choose another version"):
        small_runs.start(version)


def test_classes_keep_their_sides_after_the_version_that_was_learned_from_is_deleted(
    version: DatasetVersion, run: TrainingRun, delete: Any
) -> None:
    splits = version.dataset.known_splits()
    delete(version)
    later = another(version, zipped(class_folders(6)))
    assert {name: split for name, split in later.dataset.known_splits().items() if name in splits} == splits


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
def test_a_version_that_a_run_learns_from_is_kept(version: DatasetVersion, run: TrainingRun, status: str) -> None:
    TrainingRun.objects.update(status=status)
    assert refusal(version) == "Runs still learn from it: Signs. Cancel them first."


def test_a_version_is_kept_for_a_paused_run_a_sweep_a_benchmark_or_an_evaluation(
    version: DatasetVersion, run: TrainingRun
) -> None:
    TrainingRun.objects.update(paused=True)
    assert "Runs still learn from it" in refusal(version)
    TrainingRun.objects.update(paused=False)
    Sweep.objects.create(name="Try", version=version, budget=2, kind="characters", method="prototypical")
    assert "Sweeps still try settings on it: Try." in refusal(version)
    Sweep.objects.update(ended=timezone.now())
    benchmark = make_benchmark()
    benchmark.version = version
    benchmark.save()
    assert "benchmark of characters" in refusal(version)
    evaluation = measured(candidate("new"), candidate("old", live=True), benchmark)
    evaluation.status = JobStatus.QUEUED
    evaluation.save()
    benchmark.delete()
    assert refusal(version) == "A checkpoint is being measured by it. Wait for that, or stop it."


def test_a_version_that_is_being_ingested_is_kept() -> None:
    assert refusal(started(zipped(class_folders(4)))) == "It is being ingested. Cancel that first."


def test_a_data_set_goes_with_all_of_its_versions(version: DatasetVersion, delete: Any, settings: Any) -> None:
    another(version, zipped(class_folders(5)))
    plan = deletion_of(version.dataset)
    assert "v1: Its 128 pictures in 16 classes, and the contact sheet." in plan.goes
    assert "The data set Signs." in plan.goes
    delete(version.dataset)
    assert not Dataset.objects.exists()
    assert stored_files(settings) == set()


def test_a_data_set_stays_for_a_version_that_was_learned_from(
    version: DatasetVersion, run: TrainingRun, delete: Any, settings: Any
) -> None:
    another(version, zipped(class_folders(5)))
    assert "The data set Signs." in deletion_of(version.dataset).stays
    delete(version.dataset)
    assert [version.gap for version in DatasetVersion.objects.all()] == ["deleted"]
    assert stored_files(settings) == {run.state_file.name}


def test_a_version_that_is_deleted_already_keeps_no_other_from_going(
    version: DatasetVersion, run: TrainingRun, delete: Any, settings: Any
) -> None:
    delete(version)
    another(version, zipped(class_folders(5)))
    assert "v1: Its line in the list, for 1 training run." in deletion_of(version.dataset).stays
    delete(version.dataset)
    assert [(version.number, version.gap) for version in DatasetVersion.objects.all()] == [(1, "deleted")]
    assert refusal(version.dataset) == "Nothing of it is left here that could go."


def test_a_registered_version_that_was_learned_from_is_as_it_was(version: DatasetVersion, run: TrainingRun) -> None:
    Dataset.objects.update(source=Source.REGISTERED)
    DatasetVersion.objects.update(archive="", mlcore_name="strokes")
    version.refresh_from_db()
    assert "The files on the server that it was made of." in deletion_of(version).stays
    assert refusal(version) == "Nothing of it is left here that could go."
    run.version.refresh_from_db()
    assert run.can_go_on


def test_one_version_in_use_keeps_the_whole_data_set(version: DatasetVersion, run: TrainingRun, settings: Any) -> None:
    another(version, zipped(class_folders(5)))
    TrainingRun.objects.update(status=JobStatus.RUNNING)
    before = stored_files(settings)
    assert refusal(version.dataset) == "v1: Runs still learn from it: Signs. Cancel them first."
    assert stored_files(settings) == before


def test_a_run_goes_with_its_states_and_its_folder(run: TrainingRun, delete: Any, settings: Any) -> None:
    folder = run_folders() / str(run.pk)
    folder.mkdir(parents=True)
    clone = small_runs.start(run.version)
    TrainingRun.objects.filter(pk=clone.pk).update(cloned_from=run)
    plan = deletion_of(run)
    assert "Its state of step 8, from which it could go on." in plan.goes
    assert "The runs that were cloned from it: Signs." in plan.stays
    delete(run)
    assert list(TrainingRun.objects.all()) == [clone]
    assert run.state_file.name not in stored_files(settings)
    assert run.version.archive.name in stored_files(settings)
    assert not folder.exists()


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
def test_a_run_at_work_is_kept(run: TrainingRun, status: str) -> None:
    TrainingRun.objects.update(status=status)
    run.refresh_from_db()
    assert refusal(run) == "It is still at work. Cancel it first."


def test_a_trial_of_a_sweep_that_goes_on_is_kept(run: TrainingRun) -> None:
    sweep = Sweep.objects.create(name="Try", version=run.version, budget=2, kind="characters", method="prototypical")
    TrainingRun.objects.update(sweep=sweep, trial=0)
    run.refresh_from_db()
    assert "Stop the sweep first" in refusal(run)


def test_a_finished_run_goes_with_its_checkpoint(run: TrainingRun, delete: Any, settings: Any) -> None:
    made = finished(run)
    assert "Its checkpoint, made." in deletion_of(run).goes
    delete(run)
    assert not Checkpoint.objects.exists()
    assert made.weights.name not in stored_files(settings)


def test_a_finished_run_stays_where_its_checkpoint_is_needed(run: TrainingRun) -> None:
    made = finished(run)
    checkpoints.publish(checkpoint=made, by=staff(), reason=WHY)
    assert (
        refusal(run) == "Of its checkpoint, made: It is live. Of its checkpoint, made: It is needed by 1 publication."
    )


def test_an_unpublished_checkpoint_goes_and_its_run_stays(run: TrainingRun, delete: Any, settings: Any) -> None:
    made = finished(run)
    assert deletion_of(made).stays == ["The run that it came of: Signs."]
    delete(made)
    run.refresh_from_db()
    assert run.checkpoint is None
    assert made.weights.name not in stored_files(settings)


def test_a_checkpoint_that_was_ever_live_is_kept() -> None:
    old, new, sue = candidate("old", live=True), candidate("new"), staff()
    checkpoints.publish(checkpoint=new, by=sue, reason=WHY)
    old.refresh_from_db()
    assert refusal(new) == "It is live. It is needed by 1 publication."
    assert refusal(old) == "It is needed by 1 publication."
    assert Publication.objects.count() == 1


def test_a_checkpoint_that_something_stands_on_or_came_of_is_kept(run: TrainingRun) -> None:
    used = candidate("used")
    TrainingRun.objects.update(start_from=used)
    owner = Owner.objects.create(guest_id="someone")
    support_set = SupportSet.objects.create(owner=owner, name="Signs")
    Classifier.objects.create(
        owner=owner, support_set=support_set, name="Signs", checkpoint=used, class_names=[], image_ids=[]
    )
    assert refusal(used) in (
        "It is needed by 1 training run, 1 classifier.",
        "It is needed by 1 classifier, 1 training run.",
    )


def test_a_checkpoint_that_ships_is_kept() -> None:
    shipped = next(row for row in checkpoints.sync_shipped() if row.name == "characters-maml")
    assert refusal(shipped) == "It ships with the project, and would be back with the next start."


def test_a_checkpoint_that_is_being_measured_is_kept() -> None:
    old, new, benchmark = candidate("old", live=True), candidate("new"), make_benchmark()
    evaluation = measured(new, old, benchmark)
    evaluation.status = JobStatus.RUNNING
    evaluation.save()
    assert refusal(new) == "It is being measured. Stop that first."


def test_what_somebody_else_has_deleted_is_said_to_be_gone(run: TrainingRun, delete: Any) -> None:
    delete(run)
    run.pk = uuid4()
    with pytest.raises(UserError, match="Somebody else has deleted it"):
        delete_row(run)


def test_states_of_runs_that_are_over_go_after_a_month(run: TrainingRun, settings: Any) -> None:
    long_ago = timezone.now() - timedelta(days=settings.GLIMPSE_STATE_DAYS + 1)
    retention.forget_old_states()
    assert run.state_file.name in stored_files(settings)
    TrainingRun.objects.update(finished=long_ago, paused=True)
    retention.forget_old_states()
    assert run.state_file.name in stored_files(settings)
    TrainingRun.objects.update(paused=False)
    retention.forget_old_states()
    assert run.state_file.name not in stored_files(settings)
    run.refresh_from_db()
    assert (run.state_file.name, run.state_step, run.status_sentence) == ("", 0, "Cancelled.")


def test_folders_of_runs_at_work_stay_and_others_go(run: TrainingRun) -> None:
    working = small_runs.start(run.version)
    folders = [run_folders() / str(row.pk) for row in (working, run)]
    for folder in folders:
        folder.mkdir(parents=True)
        os.utime(folder, (0, 0))
    retention.delete_resting_folders()
    assert [folder.exists() for folder in folders] == [True, False]
