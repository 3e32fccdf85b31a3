"""Where the site keeps its files in a bucket, the data, the states and the checkpoint of a run pass through it."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from mlcore.checkpoints.checkpoint import load_checkpoint
from tests.bucket import Bucket, out_of_reach
from tests.checkpoints.candidates import registered, tiny
from tests.datasets.conftest import class_folders, ingested, paths_in, zipped
from tests.training import small_runs
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.stored_checkpoints import local_folder
from webapp.checkpoints.worker import importing
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.storage import copies
from webapp.storage import orphans as stored_files
from webapp.training.models import TrainingRun
from webapp.training.runs.worker import training
from webapp.training.runs.worker.relay import Relay
from webapp.training.states import fetch_states, forget_states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("long_lease")]


@pytest.fixture(autouse=True)
def _in_a_bucket(bucket: Bucket, settings: Any, tmp_path: Path) -> None:
    """Set the bucket up, and a machine that holds nothing, before anything is stored."""
    settings.DATA_DIR, settings.GLIMPSE_DEVICE = tmp_path, "cpu"


def test_a_data_set_is_ingested_shown_and_fetched(bucket: Bucket, admin_client: Client) -> None:
    version = ingested(zipped(class_folders(4)))
    assert version.status == JobStatus.READY
    assert bucket.names == {version.archive.name, version.contact_sheet.name}
    assert len(paths_in(version)) == 8
    address = reverse("admin:datasets_datasetversion_sheet", args=[version.pk])
    assert b"".join(admin_client.get(address).streaming_content).startswith(b"\xff\xd8")  # type: ignore[attr-defined]
    with out_of_reach(bucket):
        answer = admin_client.get(address)
    assert (answer.status_code, "wait a minute, then try again" in answer.content.decode()) == (503, True)


def test_a_state_is_kept_for_whichever_machine_goes_on(bucket: Bucket, tmp_path: Path) -> None:
    run = small_runs.start()
    claim = jobs.claim(TrainingRun, run.pk, "a worker")
    assert claim
    events = tmp_path / "events.jsonl"
    for step in (4, 8, 12):
        state = tmp_path / f"{step}.safetensors"
        state.write_bytes(b"state of step %d" % step)
        event = {"event": "saved", "file": str(state), "step": step}
        events.write_text(json.dumps(event) + "\n")
        Relay(claim, events).take(states_only=True)
    states = {name for name in bucket.names if name.startswith("runs/")}
    run.refresh_from_db()
    assert states == {run.earlier_state_file.name, run.state_file.name}
    fetch_states(run, tmp_path / "another machine")
    assert [path.read_bytes() for path in sorted((tmp_path / "another machine").iterdir())] == [
        b"state of step 8",
        b"state of step 12",
    ]
    forget_states(run=run)
    assert bucket.names == {run.version.archive.name}


def test_a_run_leaves_its_checkpoint_in_the_bucket_and_nothing_else(bucket: Bucket) -> None:
    run = small_runs.start()
    training.train(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.error) == (JobStatus.READY, "")
    assert run.checkpoint
    folder = str(PurePosixPath(run.checkpoint.weights.name).parent)
    assert bucket.names == {run.version.archive.name, f"{folder}/weights.safetensors", f"{folder}/card.json"}
    assert load_checkpoint(local_folder(checkpoint=run.checkpoint)).card
    fetched = {copy.relative_to(copies.root()).as_posix() for copy in copies.all_copies()}
    assert fetched == {run.version.archive.name, folder}


def test_a_checkpoint_is_exported_from_the_bucket(bucket: Bucket, tmp_path: Path) -> None:
    made = tiny(tmp_path)
    row = registered(made)
    with checkpoints.export_checkpoint(checkpoint=row, by=None) as out, zipfile.ZipFile(out) as archive:
        assert archive.read("weights.safetensors") == (made / "weights.safetensors").read_bytes()
    assert list(copies.all_copies()) == []


def test_a_checkpoint_is_imported_through_the_bucket(bucket: Bucket, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for file in tiny(tmp_path).iterdir():
            archive.write(file, file.name)
    row = checkpoints.import_checkpoint(file=ContentFile(out.getvalue(), "sent.zip"), by=None)
    assert bucket.names == {row.upload.name}
    importing.take_in(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.error) == (JobStatus.READY, "")
    assert row.checkpoint
    assert {PurePosixPath(name).parent for name in bucket.names} == {PurePosixPath(row.checkpoint.weights.name).parent}


def test_what_no_row_names_is_deleted_and_the_rest_stays(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(tiny(tmp_path))
    ingested(zipped(class_folders(4)))
    needed = bucket.names
    orphans = {"checkpoints/lost/weights.safetensors", "runs/lost.safetensors", "datasets/lost.zip"}
    for name in orphans:
        bucket.put(name, b"x")
    stored_files.delete_orphans()
    assert bucket.names == needed | orphans
    monkeypatch.setattr(stored_files, "OLD", -timedelta(minutes=1))
    stored_files.delete_orphans()
    assert bucket.names == needed
