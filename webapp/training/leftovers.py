"""Files that nothing names any more, such as those of a worker that was killed: a chore that the clock calls."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from webapp.jobs.models import ACTIVE
from webapp.training.models import DatasetVersion
from webapp.training.models.datasets import dataset_path
from webapp.training.stored_datasets import all_staging, cache, delete_stored

OLD_SECONDS = 3600
"""What is younger may be waiting for its row."""


def delete_leftovers() -> None:
    """Delete what attempts that broke off left behind, and copies of archives that were replaced."""
    _delete_staging()
    _delete_copies()
    _delete_stored()


def _delete_staging() -> None:
    working = {f"{each.pk}-{each.attempt}" for each in DatasetVersion.objects.active()}
    for folder in _old(all_staging()):
        if folder.name not in working:
            shutil.rmtree(folder, ignore_errors=True)


def _delete_copies() -> None:
    archives = DatasetVersion.objects.exclude(archive="").values_list("archive", flat=True)
    named = {Path(name).name for name in archives}
    for copy in _old(cache()):
        if copy.name not in named:
            copy.unlink(missing_ok=True)


def _delete_stored() -> None:
    """Delete stored files that no row needs; an uploaded zip is needed until it is ingested."""
    for path in _old(Path(settings.MEDIA_ROOT) / dataset_path(None, "")):
        name = dataset_path(None, path.name)
        named = Q(archive=name) | Q(contact_sheet=name) | Q(upload=name, status__in=ACTIVE)
        if not DatasetVersion.objects.filter(named).exists():
            delete_stored([name])


def _old(folder: Path) -> list[Path]:
    """List what has lain in a folder for a while."""
    newest = time.time() - OLD_SECONDS
    return [path for path in folder.iterdir() if path.stat().st_mtime < newest] if folder.is_dir() else []
