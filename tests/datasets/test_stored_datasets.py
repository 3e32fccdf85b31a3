"""A run is told where a version's pictures lie on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from tests.training.elsewhere import Elsewhere
from webapp.core.errors import UserError
from webapp.datasets import stored_datasets
from webapp.datasets.models import Dataset, DatasetVersion, Source
from webapp.jobs.models import JobStatus
from webapp.storage import copies

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> DatasetVersion:
    dataset = Dataset.objects.create(name="signs", source=Source.UPLOAD)
    version = DatasetVersion(dataset=dataset, number=dataset.next_number, status=JobStatus.READY)
    version.archive.save("signs.zip", ContentFile(b"a zip"))
    return version


def test_an_archive_is_read_where_it_lies(version: DatasetVersion) -> None:
    data = stored_datasets.data_of(version=version, split=version.train_split)
    assert data == {"dataset": "image_folder", "name": "signs", "split": "train"}
    assert stored_datasets.local_root(version=version).read_bytes() == b"a zip"


def test_a_registered_data_set_is_read_from_its_folder(version: DatasetVersion, settings: Any, tmp_path: Path) -> None:
    settings.GLIMPSE_DATASETS = tmp_path
    version.archive, version.mlcore_name, version.train_split = "", "omniglot", "background_train"
    data = stored_datasets.data_of(version=version, split=version.train_split)
    assert data == {"dataset": "omniglot", "name": "", "split": "background_train"}
    assert stored_datasets.local_root(version=version) == tmp_path / "omniglot"


def test_a_benchmark_reads_the_test_classes(version: DatasetVersion) -> None:
    arguments = stored_datasets.benchmark_arguments(version=version)
    root = f"--data-root={version.archive.path}"
    assert {"--dataset=image_folder", root, "--data-name=signs", "--split=test"} < set(arguments)


def test_a_version_that_is_not_ready_is_refused(version: DatasetVersion) -> None:
    version.status = JobStatus.RUNNING
    with pytest.raises(UserError, match="not ready"):
        stored_datasets.local_root(version=version)


def test_what_is_stored_elsewhere_is_copied_once(
    version: DatasetVersion, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    elsewhere = Elsewhere()
    elsewhere.save(version.archive.name, ContentFile(b"a zip"))
    monkeypatch.setattr(DatasetVersion._meta.get_field("archive"), "storage", elsewhere)
    version.refresh_from_db()
    root = stored_datasets.local_root(version=version)
    assert root.read_bytes() == b"a zip"
    elsewhere.delete(version.archive.name)
    assert stored_datasets.local_root(version=version) == root
    assert list(copies.all_copies()) == [root]
