"""Files that nothing names any more, such as those of a worker that was killed: chores that clocks call."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from django.db.models import Q

from mlcore.checkpoints.card import WEIGHTS_FILE
from webapp.checkpoints.models import Checkpoint, CheckpointImport
from webapp.checkpoints.models.checkpoints import checkpoint_path
from webapp.checkpoints.models.imports import import_path
from webapp.datasets.models import DatasetVersion, dataset_path
from webapp.datasets.stored_datasets import all_staging, staging
from webapp.jobs.models import ACTIVE, Job
from webapp.storage import copies
from webapp.storage.disk import run_folders
from webapp.storage.orphans import delete_unnamed
from webapp.training.models import TrainingRun
from webapp.training.models.runs import state_path

OLD_SECONDS = 3600
"""What is younger may be waiting for its row."""


def delete_leftovers() -> None:
    """Delete what attempts that broke off left behind, in storage and on this machine."""
    for path_of, named in KEPT.items():
        delete_unnamed(path_of(None, "").rstrip("/"), named)
    tidy_machine()


def tidy_machine() -> None:
    """Delete what is not needed on this machine any more; a chore of each worker, for it may be the only one here."""
    _delete_staging()
    _delete_run_folders()
    _delete_copies()


def _delete_staging() -> None:
    jobs: list[Job] = [*DatasetVersion.objects.active(), *CheckpointImport.objects.active()]
    working = {staging(job).name for job in jobs}
    for folder in _old(_within(all_staging())):
        if folder.name not in working:
            shutil.rmtree(folder, ignore_errors=True)


def _delete_run_folders() -> None:
    """Delete the folders of runs that rest or are gone; what they go on from is stored."""
    working = {str(pk) for pk in TrainingRun.objects.active().values_list("pk", flat=True)}
    for folder in _old(_within(run_folders())):
        if folder.name not in working:
            shutil.rmtree(folder, ignore_errors=True)


def _delete_copies() -> None:
    """Delete copies of what is not stored any more, at once: people may have taken pictures back."""
    present = list(copies.all_copies())  # before the rows are asked, so that none is taken for one that lost its row
    named = set(DatasetVersion.objects.exclude(archive="").values_list("archive", flat=True))
    weights = Checkpoint.objects.exclude(weights="").values_list("weights", flat=True)
    named.update(str(PurePosixPath(name).parent) for name in weights)
    for copy in present:
        name = copy.relative_to(copies.root()).as_posix()
        if name not in named and (copy.suffix != copies.PART or _old([copy])):
            copies.forget(name)


def _of_versions(names: list[str]) -> set[str]:
    """Give the files that versions need; an uploaded zip is needed until it is ingested."""
    needed = Q(archive__in=names) | Q(contact_sheet__in=names) | Q(upload__in=names, status__in=ACTIVE)
    rows = DatasetVersion.objects.filter(needed).values_list("archive", "contact_sheet", "upload", "status")
    return {name for *kept, upload, status in rows for name in (*kept, upload if status in ACTIVE else "")}


def _of_checkpoints(names: list[str]) -> set[str]:
    """Give the files of checkpoints: weights that a row names, and what lies beside them."""
    weights = {name: f"{PurePosixPath(name).parent}/{WEIGHTS_FILE}" for name in names}
    needed = set(Checkpoint.objects.filter(weights__in=weights.values()).values_list("weights", flat=True))
    return {name for name in names if weights[name] in needed}


def _of_runs(names: list[str]) -> set[str]:
    """Give the states that runs go on from."""
    needed = Q(state_file__in=names) | Q(earlier_state_file__in=names)
    pairs = TrainingRun.objects.filter(needed).values_list("state_file", "earlier_state_file")
    return {name for pair in pairs for name in pair}


def _of_imports(names: list[str]) -> set[str]:
    """Give the zips that are still to be taken in."""
    return set(CheckpointImport.objects.active().filter(upload__in=names).values_list("upload", flat=True))


KEPT = {
    dataset_path: _of_versions,
    checkpoint_path: _of_checkpoints,
    state_path: _of_runs,
    import_path: _of_imports,
}
"""By what names the folder, which of the names in it rows have."""


def _within(folder: Path) -> Iterable[Path]:
    return folder.iterdir() if folder.is_dir() else ()


def _old(paths: Iterable[Path]) -> list[Path]:
    """Keep what has lain there for a while."""
    return [path for path in paths if _age(path) > OLD_SECONDS]


def _age(path: Path) -> float:
    """Give the seconds since a path was written to; none where another process has just deleted it."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
