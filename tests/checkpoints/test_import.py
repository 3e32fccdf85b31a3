"""Checkpoints come and go as one zip; what is pickled, damaged or unfitting is refused and leaves nothing."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from django.conf import settings as site
from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint
from tests.checkpoints.candidates import candidate, staff, tiny
from tests.datasets.conftest import stored_files
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint, CheckpointImport
from webapp.checkpoints.services import exchange
from webapp.checkpoints.stored_checkpoints import local_folder
from webapp.checkpoints.worker import importing
from webapp.core.errors import UserError
from webapp.jobs.models import JobStatus
from webapp.jobs.staging import all_staging
from webapp.storage import orphans as named_nowhere

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("long_lease")]


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the two files of a tiny checkpoint."""
    return {path.name: path.read_bytes() for path in tiny(tmp_path_factory.mktemp("made")).iterdir()}


def zipped(files: dict[str, bytes]) -> ContentFile[bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return ContentFile(out.getvalue(), name="sent.zip")


def with_card(files: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    card = {**json.loads(files["card.json"]), **changes}
    return {**files, "card.json": json.dumps(card).encode()}


def taken_in(file: ContentFile[bytes], by: User | None = None) -> CheckpointImport:
    """Send a zip, and do what a worker does with it."""
    row = checkpoints.import_checkpoint(file=file, by=by)
    importing.take_in(str(row.pk))
    row.refresh_from_db()
    return row


def imported(file: ContentFile[bytes], by: User | None = None) -> Checkpoint:
    """Import a zip that is sound."""
    row = taken_in(file, by)
    assert (row.status, row.error) == (JobStatus.READY, "")
    assert row.checkpoint
    return row.checkpoint


def refusal(file: ContentFile[bytes]) -> tuple[str, str]:
    """Return code and words with which a zip is refused, at once or by the job; nothing may be kept."""
    try:
        row = taken_in(file)
        code, words = row.error_code, row.error
    except UserError as error:
        code, words = error.code, error.message
    assert not Checkpoint.objects.filter(name="tiny").exists()
    kept = {name for name in stored_files(site) if not name.endswith("card.json")}
    assert kept == {checkpoint.weights.name for checkpoint in Checkpoint.objects.all()}
    assert not list(all_staging().glob("*"))
    return code, words


def test_a_sound_zip_becomes_a_checkpoint_that_is_not_live(files: dict[str, bytes]) -> None:
    row = imported(zipped(files), staff())
    assert (row.name, row.kind, row.live, row.is_there, row.is_replaced) == ("tiny", "characters", False, True, False)
    assert load_checkpoint(local_folder(checkpoint=row)).card == ModelCard.from_dict(row.card)


def test_what_goes_out_can_come_in_elsewhere(files: dict[str, bytes]) -> None:
    row = imported(zipped(files))
    with checkpoints.export_checkpoint(checkpoint=row, by=staff()) as out:
        content = out.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("weights.safetensors") == files["weights.safetensors"]
    row.delete()
    assert imported(ContentFile(content)).digest == row.digest


def test_a_name_that_is_taken_gives_way_to_another(files: dict[str, bytes]) -> None:
    candidate("tiny")
    row = imported(zipped(files))
    assert row.name.startswith("tiny-")
    assert ModelCard.read(local_folder(checkpoint=row)).name == row.name


def torch_file() -> bytes:
    out = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, out)
    return out.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_by_its_content(files: dict[str, bytes], protocol: int) -> None:
    sent = {**files, "weights.safetensors": pickle.dumps({"weight": [1.0] * 9}, protocol)}
    assert refusal(zipped(sent))[0] in ("pickled", "no_tensors")


def test_what_torch_pickles_is_refused_by_its_content(files: dict[str, bytes]) -> None:
    code, words = refusal(zipped({**files, "weights.safetensors": torch_file()}))
    assert (code, "could run a stranger’s program" in words) == ("pickled", True)


def test_a_pickle_behind_a_brace_is_refused_when_it_is_tried(files: dict[str, bytes]) -> None:
    disguised = (8).to_bytes(8, "little") + b"{" + pickle.dumps({"weight": 1})
    assert refusal(zipped({**files, "weights.safetensors": disguised}))[0] == "unsound"


def test_weights_that_do_not_fit_their_card_are_refused(files: dict[str, bytes]) -> None:
    card = json.loads(files["card.json"])
    card["config"]["backbone"]["width"] = 8
    assert refusal(zipped(with_card(files, config=card["config"])))[0] == "unsound"
    code, words = refusal(zipped(with_card(files, digest="0" * 64)))
    reason = "It is not sound: weights.safetensors is not the file that its card was written for; its SHA-256 differs."
    assert (code, words) == ("unsound", reason)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "magic"}, "bad_card"),
        ({"transform": "magic"}, "bad_card"),
        ({"transform": "plain-9999x3"}, "bad_card"),
        ({"kind": ""}, "bad_card"),
        ({"kind": "k" * 51}, "bad_card"),
        ({"surprise": 1}, "bad_card"),
        ({"method": ["maml"]}, "bad_card"),
        ({"training": []}, "bad_card"),
    ],
)
def test_a_card_that_this_site_cannot_serve_is_refused(
    files: dict[str, bytes], changes: dict[str, Any], code: str
) -> None:
    assert refusal(zipped(with_card(files, **changes)))[0] == code


def test_a_kind_keeps_its_transform(files: dict[str, bytes]) -> None:
    candidate("other", kind="characters", transform="photos")
    assert refusal(zipped(files))[0] == "other_transform"


def test_the_zip_is_deleted_once_it_is_taken_in(files: dict[str, bytes]) -> None:
    row = imported(zipped(files))
    assert stored_files(site) == {row.weights.name, row.weights.name.replace("weights.safetensors", "card.json")}


def test_the_zip_of_an_import_that_is_cancelled_is_deleted(files: dict[str, bytes]) -> None:
    row = checkpoints.import_checkpoint(file=zipped(files), by=None)
    assert stored_files(site) == {row.upload.name}
    checkpoints.cancel_import(row=row, by=staff())
    assert (row.status, stored_files(site)) == (JobStatus.CANCELLED, set())
    with pytest.raises(UserError, match="ended already"):
        checkpoints.cancel_import(row=row, by=None)


def test_zips_whose_worker_was_lost_are_deleted_and_those_that_wait_are_not(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, waits = (checkpoints.import_checkpoint(file=zipped(files), by=None) for _ in range(2))
    CheckpointImport.objects.filter(pk=lost.pk).update(status=JobStatus.FAILED)
    monkeypatch.setattr(named_nowhere, "OLD", -timedelta(minutes=1))
    named_nowhere.delete_orphans()
    assert stored_files(site) == {waits.upload.name}


def test_of_two_zips_of_the_same_weights_the_second_is_refused_by_its_job(files: dict[str, bytes]) -> None:
    first, second = (checkpoints.import_checkpoint(file=zipped(files), by=None) for _ in range(2))
    for row in (first, second):
        importing.take_in(str(row.pk))
        row.refresh_from_db()
    assert (first.status, second.status) == (JobStatus.READY, JobStatus.FAILED)
    assert (second.error_code, second.error) == ("known", "These weights are here already, as tiny.")


def test_a_trial_that_breaks_off_is_said_to(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "killed"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(importing.sys, "executable", str(program))
    code, words = refusal(zipped(files))
    assert (code, words.startswith("Trying it broke off")) == ("too_slow", True)


def test_the_same_weights_are_not_taken_twice(files: dict[str, bytes]) -> None:
    imported(zipped(files))
    with pytest.raises(UserError, match="here already, as tiny"):
        imported(zipped(files))


@pytest.mark.parametrize("extra", [{"more.pkl": b"x"}, {"../weights.safetensors": b"x"}])
def test_a_zip_of_other_files_is_refused(files: dict[str, bytes], extra: dict[str, bytes]) -> None:
    assert refusal(zipped({**files, **extra}))[0] == "wrong_files"
    assert refusal(zipped({"card.json": files["card.json"]}))[0] == "wrong_files"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 and no more"])
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    assert refusal(ContentFile(content))[0] == "no_zip"


def test_a_damaged_card_is_refused(files: dict[str, bytes]) -> None:
    for card in (b"", b"{", b"[]", b"\xff", b"1"):
        assert refusal(zipped({**files, "card.json": card}))[0] == "bad_card"


def test_a_file_that_is_too_large_is_refused(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MOST_BYTES", 10)
    assert refusal(zipped(files))[0] == "too_large"


def test_a_full_disk_is_said_before_anything_is_written(files: dict[str, bytes], settings: Any) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "free_disk_bytes": 2**60}
    assert refusal(zipped(files))[0] == "storage_full"


def test_files_that_are_gone_are_not_exported() -> None:
    row = candidate("gone")
    row.weights.delete(save=False)
    row.refresh_from_db()
    with pytest.raises(UserError, match="not here any more"):
        checkpoints.export_checkpoint(checkpoint=row, by=None)
