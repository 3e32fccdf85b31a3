"""Files that nothing names any more, such as those of a worker that was killed: a chore that the clock calls."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db.models import Q

from webapp.jobs.models import ACTIVE
from webapp.training import copies
from webapp.training.models import Checkpoint, DatasetVersion
from webapp.training.models.datasets import dataset_path
from webapp.training.stored_datasets import all_staging, delete_stored

OLD_SECONDS = 3600
"""What is younger may be waiting for its row."""


def delete_leftovers() -> None:
    """Delete what attempts that broke off left behind, and copies of archives that were replaced."""
    _delete_staging()
    _delete_copies()
    _delete_stored()


def _delete_staging() -> None:
    working = {f"{each.pk}-{each.attempt}" for each in DatasetVersion.objects.active()}
    for folder in _old(_within(all_staging())):
        if folder.name not in working:
            shutil.rmtree(folder, ignore_errors=True)


def _delete_copies() -> None:
    """Delete copies of what is not stored any more, and those that never became whole."""
    named = set(DatasetVersion.objects.exclude(archive="").values_list("archive", flat=True))
    weights = Checkpoint.objects.exclude(weights="").values_list("weights", flat=True)
    named.update(str(PurePosixPath(name).parent) for name in weights)
    for copy in _old(copies.all_copies()):
        name = copy.relative_to(copies.root()).as_posix()
        if name not in named:
            copies.forget(name)


def _delete_stored() -> None:
    """Delete stored files that no row needs; an uploaded zip is needed until it is ingested."""
    for path in _old(_within(Path(settings.MEDIA_ROOT) / dataset_path(None, ""))):
        name = dataset_path(None, path.name)
        named = Q(archive=name) | Q(contact_sheet=name) | Q(upload=name, status__in=ACTIVE)
        if not DatasetVersion.objects.filter(named).exists():
            delete_stored([name])


def _within(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _old(paths: Iterable[Path]) -> list[Path]:
    """Keep what has lain there for a while."""
    newest = time.time() - OLD_SECONDS
    return [path for path in paths if path.stat().st_mtime < newest]
