"""Folders on the server and data sets that mlcore knows are ingested too, and nothing beyond them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from mlcore.cli.commands.dataset import DatasetCommand
from mlcore.data.datasets import DatasetRequest
from tests.datasets.conftest import LEAST, class_folders, done, paths_in, picture
from webapp.core.errors import UserError
from webapp.datasets import services as datasets
from webapp.datasets import worker
from webapp.datasets.ingesting import registered
from webapp.datasets.models import DatasetVersion, Source
from webapp.datasets.services import Material
from webapp.jobs import services as jobs
from webapp.jobs.claims import Claim
from webapp.jobs.errors import Cancelled
from webapp.jobs.models import JobStatus
from webapp.processes import questions
from webapp.processes.child import Child

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("long_lease")]


@pytest.fixture
def allowed(settings: Any, tmp_path: Path) -> Path:
    """Return a folder that staff may ingest from, with one of class folders in it."""
    folder = tmp_path / "allowed"
    for path, data in class_folders(4).items():
        (folder / "signs" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "signs" / path).write_bytes(data)
    settings.GLIMPSE_DATASET_FOLDERS = [str(folder)]
    return folder


def start(folder: Path | str) -> DatasetVersion:
    material = Material(folder=str(folder), least_pictures=LEAST)
    return datasets.create_dataset(name="Signs", source=Source.FOLDER, material=material, by=None)


def test_a_folder_below_an_allowed_one_is_ingested_and_left_alone(allowed: Path) -> None:
    version = done(start(allowed / "signs"))
    assert (version.status, version.n_pictures) == (JobStatus.READY, 8)
    assert all(path.split("/")[0] in ("train", "val", "test") for path in paths_in(version))
    assert len(list((allowed / "signs").rglob("*.png"))) == 8


@pytest.mark.parametrize("path", ["/etc", "{allowed}/..", "{allowed}/out", "{allowed}/signs/../../secret", "", "."])
def test_no_other_folder_is(allowed: Path, path: str) -> None:
    secret = allowed.parent / "secret"
    secret.mkdir()
    (allowed / "out").symlink_to(secret)
    with pytest.raises(UserError, match="not below one") as caught:
        start(path.format(allowed=allowed))
    assert caught.value.field == "folder"


def test_no_folder_is_unless_the_settings_name_one(settings: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="GLIMPSE_DATASET_FOLDERS"):
        start(tmp_path)


def test_a_folder_that_is_missing_is_said_to_be(allowed: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        start(allowed / "nowhere")


def test_links_in_a_folder_are_refused(allowed: Path) -> None:
    outside = allowed.parent / "outside"
    outside.mkdir()
    (outside / "1.png").write_bytes(picture(500))
    (allowed / "signs" / "class-0" / "link.png").symlink_to(outside / "1.png")
    (allowed / "signs" / "class-9").symlink_to(outside)
    version = done(start(allowed / "signs"))
    assert {row["file"] for row in version.report["refused"]} == {"class-0/link.png", "class-9"}
    assert version.n_pictures == 8


def test_a_file_that_becomes_a_link_is_not_followed(allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = worker.Ingest._take_all

    def swap_then_take(self: worker.Ingest, draft: Path) -> None:
        path = allowed / "signs" / "class-0" / "0.png"
        path.unlink()
        path.symlink_to(allowed / "signs" / "class-1" / "0.png")
        taken(self, draft)

    (allowed / "signs" / "class-0" / "2.png").write_bytes(picture(501))
    monkeypatch.setattr(worker.Ingest, "_take_all", swap_then_take)
    version = done(start(allowed / "signs"))
    assert version.report["refused"] == [{"file": "class-0/0.png", "reason": "It cannot be read."}]


def test_a_pipe_does_not_hold_the_worker_up(allowed: Path) -> None:
    os.mkfifo(allowed / "signs" / "class-0" / "pipe.png")
    assert done(start(allowed / "signs")).n_pictures == 8


def named(name: str) -> DatasetVersion:
    material = Material(registered=name)
    return datasets.create_dataset(name="Letters", source=Source.REGISTERED, material=material, by=None)


def test_a_registered_data_set_is_counted_by_its_published_split(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(_claim: object, options: list[str]) -> dict[str, Any]:
        data = DatasetRequest(root=None, split="train", n_classes=3, image_size=16)
        sheet, splits = Path(options[-1]), options[1:-2]
        return DatasetCommand(dataset="strokes", data=data, splits=splits, sheet=sheet).run()

    monkeypatch.setattr(registered, "_look", look)
    version = done(named("strokes"))
    assert (version.status, version.n_classes, version.n_pictures) == (JobStatus.READY, 9, 180)
    assert [row["split"] for row in version.classes] == ["train"] * 3 + ["val"] * 3 + ["test"] * 3
    assert (version.mlcore_name, version.archive.name, len(version.fingerprint)) == ("strokes", "", 64)
    assert version.contact_sheet


def test_a_registered_data_set_that_is_missing_fails_in_mlcores_own_words(settings: Any, tmp_path: Path) -> None:
    settings.GLIMPSE_DATASETS = tmp_path
    version = done(named("omniglot"))
    assert (version.status, version.error_code) == (JobStatus.FAILED, "dataset_unreadable")
    assert version.error.startswith("Omniglot was not found")
    assert str(tmp_path) in version.error


def test_a_cancelled_count_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Child] = []

    class Cancelling(Child):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            begun.append(self)
            held = held_claims[0]
            jobs.cancel(held.job)
            with pytest.raises(Cancelled) as caught:
                held.renew()
            held._stopped = caught.value

    held_claims: list[Claim[Any]] = []
    look = registered._look

    def noted(claim: Claim[Any], options: list[str]) -> dict[str, Any]:
        held_claims.append(claim)
        return look(claim, options)

    monkeypatch.setattr(registered, "_look", noted)
    monkeypatch.setattr(questions, "Child", Cancelling)
    version = done(named("strokes"))
    assert version.status == JobStatus.CANCELLED
    assert begun[0].returncode == -signal.SIGKILL


def test_names_of_letters_keep_published_splits() -> None:
    assert registered.PUBLISHED_SPLITS["omniglot"] == ("background_train", "background_val", "evaluation")
