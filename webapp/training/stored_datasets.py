"""Where a version's pictures lie on this machine, and how a run is told."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext as _

from webapp.jobs.models import JobStatus
from webapp.training.errors import StaffError
from webapp.training.models import DatasetVersion


def train_arguments(*, version: DatasetVersion) -> list[str]:
    """Give the options of `mlcore train` that name a version's pictures; raise StaffError if it is not ready.

    Where the storage is not on a local disk, the archive is copied to one first.
    """
    return [*_pictures(version), "--split", version.train_split, "--validation-split", version.validation_split]


def exam_arguments(*, version: DatasetVersion) -> list[str]:
    """Give the options of `mlcore compare` that name a version's test classes; raise StaffError if it is not ready."""
    return [*_pictures(version), "--split", version.test_split]


def _pictures(version: DatasetVersion) -> list[str]:
    """Say where the pictures lie, and what cards call a data set that mlcore has no name for."""
    if version.status != JobStatus.READY:
        raise StaffError(code="dataset_not_ready", message=_("The data set %(name)s is not ready.") % {"name": version})
    root = _local_archive(version) if version.archive else settings.GLIMPSE_DATASETS / version.mlcore_name
    called = [f"--data-name={version.dataset.name}"] if version.mlcore_name == "image_folder" else []
    return ["--dataset", version.mlcore_name, "--data-root", str(root), *called]


def _local_archive(version: DatasetVersion) -> Path:
    """Return where the archive lies on this machine, copied there if the storage is elsewhere."""
    try:
        return Path(version.archive.path)
    except NotImplementedError:
        return _copied(version)


def _copied(version: DatasetVersion) -> Path:
    """Copy the archive from the storage, unless that was done before: archives never change, they get new names."""
    target = cache() / Path(version.archive.name or "").name
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_name(f"{uuid4().hex}.part")
        try:
            with version.archive.open("rb") as source, part.open("xb") as copy:
                shutil.copyfileobj(source, copy)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return target


def cache() -> Path:
    """Return the folder of copies."""
    return Path(settings.DATA_DIR) / "cache" / "datasets"
