"""Delete what staff no longer want: files from storage and disk, rows where nothing needs them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.checkpoints import stored_checkpoints
from webapp.checkpoints.models import Checkpoint
from webapp.core.errors import UserError
from webapp.core.staff import history
from webapp.datasets import stored_datasets
from webapp.datasets.models import Dataset, DatasetVersion
from webapp.storage.disk import run_folders
from webapp.training.deletion import Deletable, deletion_of, needed_by
from webapp.training.models import TrainingRun
from webapp.training.runs.relay import forget_states

Forget = Callable[[], None]


@transaction.atomic
def delete(*, row: Deletable, by: User | None) -> None:
    """Delete a row with its files, as `deletion_of` says; raise UserError, with the reasons, where that may not be."""
    locked = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
    if locked is None:
        raise UserError("already_gone", _("Somebody else has deleted it already."))
    if reasons := deletion_of(row=locked).forbidden:
        raise UserError("not_deletable", " ".join(reasons))
    history.note(by=by, row=locked, act=_("Deleted."))
    _remove(locked)


def _remove(row: Deletable) -> None:
    """Delete rows now, and files once that is certain."""
    match row:
        case Dataset():
            for version in row.versions.all():
                _remove(version)
            if not row.versions.exists():
                row.delete()
        case DatasetVersion():
            _remove_version(row)
        case TrainingRun():
            checkpoint = row.checkpoint
            _afterwards(partial(_forget_run, row))
            TrainingRun.objects.filter(pk=row.pk).delete()
            if checkpoint:
                _remove(checkpoint)
        case _checkpoint:
            _afterwards(partial(stored_checkpoints.delete_stored, [row.weights.name]))
            Checkpoint.objects.filter(pk=row.pk).delete()


def _remove_version(version: DatasetVersion) -> None:
    """Delete a version, or all of it but its line in the list where something needs that."""
    files = [version.archive.name, version.contact_sheet.name, version.upload.name]
    _afterwards(partial(stored_datasets.delete_stored, files))
    if not needed_by(version):
        version.delete()
        return
    if not version.archive:
        return
    version.contributions.all().delete()
    gone = {"archive": "", "contact_sheet": "", "upload": ""}
    DatasetVersion.objects.filter(pk=version.pk).update(deleted=timezone.now(), **gone)


def _forget_run(run: TrainingRun) -> None:
    forget_states(run=run)
    shutil.rmtree(run_folders() / str(run.pk), ignore_errors=True)


def _afterwards(forget: Forget) -> None:
    transaction.on_commit(forget)
