"""Carry checkpoints in and out as a zip of `weights.safetensors` and `card.json`.

What comes in is looked at here without torch; a job then has it tried by a process of its own before anything is kept.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from typing import IO
from uuid import uuid4

from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from mlcore.checkpoints.card import CARD_FILE, WEIGHTS_FILE, ModelCard
from webapp.checkpoints.models import Checkpoint, CheckpointImport
from webapp.checkpoints.models.imports import import_path
from webapp.checkpoints.stored_checkpoints import opened_weights
from webapp.checkpoints.zips import card_in, refuse, require_fitting
from webapp.core.errors import UserError
from webapp.core.rows.stored_json import require_sound
from webapp.core.staff import history
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.pictures.names import display_file_name
from webapp.storage.disk import require_room
from webapp.storage.files import deleted_on_failure

MOST_BYTES = 520 * 2**20


def export_checkpoint(*, checkpoint: Checkpoint, by: User | None) -> IO[bytes]:
    """Return a zip of a checkpoint, on disk and to be read from its start; it is gone once it is closed."""
    require_sound(checkpoint)
    if not checkpoint.is_there:
        refuse("files_gone", _("The files of %(name)s are not here any more.") % {"name": checkpoint.name})
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever answers closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(CARD_FILE, ModelCard.from_dict(checkpoint.card).to_json())
        with opened_weights(checkpoint) as weights, archive.open(WEIGHTS_FILE, "w", force_zip64=True) as entry:
            shutil.copyfileobj(weights, entry)
    file.seek(0)
    history.note(by=by, row=checkpoint, act="Exported.")
    return file


def import_checkpoint(*, file: File[bytes] | None, by: User | None) -> CheckpointImport:
    """Start to take in a zip as a checkpoint that is not live; raise UserError for what can be seen at once."""
    if file is None:
        refuse("no_file", _("Choose a zip first."))
    if (file.size or 0) > MOST_BYTES:
        refuse("too_large", _("A checkpoint may have %(n)d MB at most.") % {"n": MOST_BYTES // 2**20})
    require_room(3 * (file.size or 0))  # the zip, what it holds, and that once more in storage
    require_fitting(card_in(file))
    file.seek(0)
    row = CheckpointImport(original_name=display_file_name(file.name)[:100], created_by=by)
    row.upload.name = default_storage.save(import_path(None, f"{uuid4().hex}.zip"), file)
    with deleted_on_failure([row.upload.name]), transaction.atomic():
        row.save(force_insert=True)
        history.note(by=by, row=row, act=_("Started to import."))
        jobs.enqueue(row)
    return row


def cancel_import(*, row: CheckpointImport, by: User | None) -> None:
    """Stop to take in a zip; raise UserError if that has ended already."""
    if not row.is_active:
        raise UserError("already_over", _("This has ended already, so it cannot be cancelled."))
    jobs.cancel(row)
    if row.status == JobStatus.CANCELLED:
        default_storage.delete(row.upload.name or "")
    history.note(by=by, row=row, act=_("Cancelled."))
