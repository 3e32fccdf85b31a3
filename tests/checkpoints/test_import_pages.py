"""Staff who may take in checkpoints send a zip, and a page tells how that goes; nobody else sees any of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from tests.checkpoints.candidates import tiny
from tests.checkpoints.test_import import zipped
from tests.training.people import signed_in
from webapp.checkpoints.models import Checkpoint, CheckpointImport
from webapp.checkpoints.worker import importing
from webapp.jobs.models import JobStatus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("long_lease")]
SEND = "admin:checkpoints_checkpoint_import"


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in tiny(tmp_path / "made").iterdir()}


def address(page: str, row: CheckpointImport) -> str:
    return reverse(f"admin:checkpoints_checkpointimport_{page}", args=[row.pk])


def test_a_zip_leads_to_a_page_that_tells_how_it_goes(files: dict[str, bytes]) -> None:
    client = signed_in("import_checkpoint", "view_checkpoint")
    answer = client.post(reverse(SEND), {"file": zipped(files)})
    row = CheckpointImport.objects.get()
    assert answer.headers["Location"] == address("change", row)
    page = client.get(address("change", row)).content.decode()
    assert "sent.zip" in page
    assert address("live", row) in page
    assert client.get(address("live", row)).status_code == 200
    importing.take_in(str(row.pk))
    live = client.get(address("live", row))
    checkpoint = Checkpoint.objects.get(name="tiny")
    assert (live.status_code, "tiny is here. It is not live yet." in live.content.decode()) == (286, True)
    assert reverse("admin:checkpoints_checkpoint_change", args=[checkpoint.pk]) in live.content.decode()
    assert [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")] == [
        "Started to import.",
        "Imported.",
    ]
    assert "sent.zip" in client.get(reverse("admin:checkpoints_checkpointimport_changelist")).content.decode()


def test_a_zip_that_is_not_sound_is_said_to_be_on_its_page(files: dict[str, bytes]) -> None:
    client = signed_in("import_checkpoint")
    damaged = {**files, "weights.safetensors": files["weights.safetensors"][:-1] + b"?"}
    client.post(reverse(SEND), {"file": zipped(damaged)})
    row = CheckpointImport.objects.get()
    importing.take_in(str(row.pk))
    page = client.get(address("change", row)).content.decode()
    assert "It is not sound:" in page
    assert "Send another zip" in page
    assert "Cancel" not in page


def test_an_import_is_cancelled(files: dict[str, bytes]) -> None:
    client = signed_in("import_checkpoint")
    client.post(reverse(SEND), {"file": zipped(files)})
    row = CheckpointImport.objects.get()
    assert client.get(address("cancel", row)).status_code == 405
    client.post(address("cancel", row))
    row.refresh_from_db()
    assert row.status == JobStatus.CANCELLED


def test_nobody_else_sees_or_stops_an_import(files: dict[str, bytes]) -> None:
    signed_in("import_checkpoint").post(reverse(SEND), {"file": zipped(files)})
    row = CheckpointImport.objects.get()
    pages = [("get", address(page, row)) for page in ("change", "live", "history")]
    pages += [("post", address("cancel", row)), ("get", reverse("admin:checkpoints_checkpointimport_changelist"))]
    pages += [("post", address("delete", row)), ("get", reverse("admin:checkpoints_checkpointimport_add"))]
    for client, status in (
        (Client(), 302),
        (signed_in("import_checkpoint", is_staff=False, name="guest"), 302),
        (signed_in("view_checkpoint", "publish_checkpoint", name="looks"), 403),
    ):
        assert {getattr(client, method)(page).status_code for method, page in pages} == {status}
    row.refresh_from_db()
    assert row.status == JobStatus.QUEUED
