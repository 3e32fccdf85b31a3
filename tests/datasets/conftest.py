"""Zips of class folders, and data sets that are made of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.recognition.pictures import drawing, encoded
from webapp.datasets import services as datasets
from webapp.datasets import worker
from webapp.datasets.models import DatasetVersion, Source
from webapp.datasets.services import Material

LEAST = 2
"""Pictures that a class needs in these tests."""


@pytest.fixture(autouse=True)
def _end_decoder() -> Iterator[None]:
    yield
    worker.helper._end()


@pytest.fixture
def long_lease(settings: Any) -> None:
    """Lend jobs for ten minutes: while a test holds its own transaction, no other thread can renew in SQLite."""
    settings.GLIMPSE_JOBS = {**settings.GLIMPSE_JOBS, "lease_seconds": 600.0, "renew_seconds": 600.0}


@pytest.fixture
def limit(settings: Any) -> Any:
    """Return a function that sets limits for the test."""

    def set_limit(**limits: float) -> None:
        settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, **limits}

    return set_limit


def picture(seed: int = 0) -> bytes:
    """Encode a drawing that differs for each seed."""
    return encoded(drawing(seed, side=48))


def class_folders(n_classes: int, n_pictures: int = LEAST) -> dict[str, bytes]:
    """Name pictures `class-N/N.png`, each of its own."""
    return {
        f"class-{label}/{number}.png": picture(100 * label + number)
        for label in range(n_classes)
        for number in range(n_pictures)
    }


def zipped(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> SimpleUploadedFile:
    """Zip entries as a browser uploads them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return SimpleUploadedFile("signs.zip", out.getvalue())


def started(file: SimpleUploadedFile, *, name: str = "Signs", least: int = LEAST) -> DatasetVersion:
    """Start to ingest the first version of a data set."""
    material = Material(upload=file, least_pictures=least)
    return datasets.create_dataset(name=name, source=Source.UPLOAD, material=material, by=None)


def waiting(file: SimpleUploadedFile, *, name: str = "Signs", least: int = LEAST) -> DatasetVersion:
    """Send the zip of a data set's first version, as a page does that shows its classes first."""
    material = Material(upload=file, least_pictures=least, waits=True)
    return datasets.create_dataset(name=name, source=Source.UPLOAD, material=material, by=None)


def done(version: DatasetVersion) -> DatasetVersion:
    """Ingest a version as a worker does, and return its row as it is then."""
    worker.ingest(str(version.pk))
    return DatasetVersion.objects.get(pk=version.pk)


def ingested(file: SimpleUploadedFile, **options: Any) -> DatasetVersion:
    """Ingest the first version of a data set."""
    return done(started(file, **options))


def another(version: DatasetVersion, file: SimpleUploadedFile) -> DatasetVersion:
    """Ingest the next version of a data set."""
    material = Material(upload=file, least_pictures=LEAST)
    return done(datasets.add_version(dataset=version.dataset, material=material, by=None))


def paths_in(version: DatasetVersion) -> list[str]:
    """List what a version's archive holds."""
    with version.archive.open("rb") as file, zipfile.ZipFile(file) as archive:
        return sorted(archive.namelist())


def stored_files(settings: Any) -> set[str]:
    """Return the names of all files in private storage."""
    root = Path(settings.MEDIA_ROOT)
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
