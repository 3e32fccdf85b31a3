"""What a killed worker left behind is deleted after a while, and nothing that is still needed."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.checkpoints.candidates import candidate
from tests.datasets.conftest import class_folders, ingested, started, stored_files, zipped
from webapp.datasets.models import DatasetVersion
from webapp.jobs import staging
from webapp.jobs.models import JobStatus
from webapp.storage import copies, orphans

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _disk_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def age(*paths: Path) -> None:
    """Make files and folders look two hours old."""
    for path in paths:
        os.utime(path, (path.stat().st_atime - 7200, path.stat().st_mtime - 7200))


def test_stored_files_that_no_row_needs_are_deleted(settings: Any) -> None:
    ready = ingested(zipped(class_folders(4)))
    waiting = started(zipped(class_folders(4)), name="Waiting")
    lost = started(zipped(class_folders(4)), name="Lost")
    DatasetVersion.objects.filter(pk=lost.pk).update(status=JobStatus.FAILED)
    folder = Path(settings.MEDIA_ROOT) / "datasets"
    (folder / "orphan.zip").write_bytes(b"x")
    age(*folder.iterdir())
    (folder / "fresh.zip").write_bytes(b"x")
    orphans.delete_orphans()
    kept = {ready.archive.name, ready.contact_sheet.name, waiting.upload.name, "datasets/fresh.zip"}
    assert stored_files(settings) == kept


def test_what_broken_attempts_were_putting_together_is_deleted() -> None:
    version = started(zipped(class_folders(4)))
    DatasetVersion.objects.filter(pk=version.pk).update(status=JobStatus.RUNNING, attempt=2)
    folders = [staging.all_staging() / f"{version.pk}-{attempt}" for attempt in (1, 2)]
    for folder in folders:
        folder.mkdir(parents=True)
    age(*folders)
    staging.delete_broken_off()
    assert list(staging.all_staging().iterdir()) == folders[1:]


def test_copies_of_what_was_replaced_or_deleted_go_at_once() -> None:
    version = ingested(zipped(class_folders(4)))
    checkpoint = candidate("made")
    folder = str(PurePosixPath(checkpoint.weights.name).parent)
    needed = [copies.copy_of(name, Path.touch) for name in (version.archive.name, folder)]
    unnamed = ("datasets/replaced.zip", "checkpoints/deleted", "datasets/1.part")
    gone = [copies.copy_of(name, Path.touch) for name in unnamed]
    fetching = copies.root() / "datasets" / "2.part"
    fetching.touch()
    age(gone[-1])
    copies.delete_orphans()
    assert sorted(copies.all_copies()) == sorted([*needed, fetching])
