"""Where the files of data sets lie: in storage, on this machine, and on the way between."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from mlcore.cli.options import options_of
from mlcore.data.datasets import DataConfig
from webapp.core.errors import UserError
from webapp.datasets.models import DatasetVersion, dataset_path
from webapp.jobs.models import JobStatus
from webapp.storage import copies
from webapp.storage.disk import keep_room


def data_of(*, version: DatasetVersion, split: str) -> dict[str, Any]:
    """Return the part of a run's config that names a version's classes, on whatever machine they lie."""
    name = version.dataset.name if version.mlcore_name == "image_folder" else ""
    return {"dataset": version.mlcore_name, "name": name, "split": split}


def benchmark_arguments(*, version: DatasetVersion) -> list[str]:
    """Return the options of `mlcore compare` for a version's test classes; raise UserError if it is not ready."""
    root = str(local_root(version=version))
    return options_of(DataConfig(root=root, **data_of(version=version, split=version.test_split)))


def local_root(*, version: DatasetVersion) -> Path:
    """Return where a version's pictures lie on this machine; raise UserError if it is not ready.

    Where the storage is not on a local disk, the archive is copied to one first.
    """
    if version.status != JobStatus.READY:
        raise UserError("dataset_not_ready", _("The data set %(name)s is not ready.") % {"name": version})
    if version.deleted:
        raise UserError("dataset_deleted", _("The pictures of %(name)s were deleted.") % {"name": version})
    return _local_archive(version) if version.archive else registered_root(version)


def _local_archive(version: DatasetVersion) -> Path:
    """Return where the archive lies on this machine, copied there if the storage is elsewhere."""
    try:
        return Path(version.archive.path)
    except NotImplementedError:
        return copies.copy_of(version.archive.name or "", partial(_fetch, version))


def _fetch(version: DatasetVersion, target: Path) -> None:
    """Copy the archive from storage."""
    keep_room(version.archive.size)
    with version.archive.open("rb") as source, target.open("xb") as copy:
        shutil.copyfileobj(source, copy)


def registered_root(version: DatasetVersion) -> Path:
    """Return the folder of a data set that mlcore knows by name."""
    return Path(settings.GLIMPSE_DATASETS) / version.mlcore_name


def allowed_folder(path: str) -> Path:
    """Return a folder on the server that may be ingested; raise UserError for any that is not below an allowed one."""
    folder = Path(path).expanduser().resolve()
    allowed = [Path(root).expanduser().resolve() for root in settings.GLIMPSE_DATASET_FOLDERS]
    if not any(folder.is_relative_to(root) for root in allowed):
        message = _("This folder is not below one that the settings allow (GLIMPSE_DATASET_FOLDERS).")
        raise UserError("folder_not_allowed", message, field="folder")
    if not folder.is_dir():
        raise UserError("folder_missing", _("There is no such folder on this server."), field="folder")
    return folder


class _Staged(File[Any]):
    """A file that a storage on the same disk takes over instead of copying it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), path.name)
        self._path = path

    def temporary_file_path(self) -> str:
        """Return the path that storages look for to move a file."""
        return str(self._path)


def store_staged(version: DatasetVersion, path: Path) -> str:
    """Store a file that was made here, and return its name in storage."""
    with _Staged(path) as file:
        return default_storage.save(dataset_path(None, _fresh_name(version, path.suffix)), file)


def store(version: DatasetVersion, suffix: str, content: bytes) -> str:
    """Store bytes, and return their name in storage; nothing is stored of nothing."""
    name = dataset_path(None, _fresh_name(version, suffix))
    return default_storage.save(name, ContentFile(content)) if content else ""


def _fresh_name(version: DatasetVersion, suffix: str) -> str:
    return f"{version.pk}-{uuid4().hex[:12]}{suffix}"


def delete_stored(names: Iterable[str | None]) -> None:
    """Delete files from storage, and their copies on this machine; those that are gone already are no error."""
    for name in filter(None, names):
        default_storage.delete(name)
        copies.forget(name)
