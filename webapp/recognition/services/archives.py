"""Zip archives of class folders: taken in here, imported by a job."""

from __future__ import annotations

import zipfile
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.jobs import services as jobs
from webapp.pictures.names import display_file_name
from webapp.recognition.allowances import require_free_job, require_room, spend_upload, take_job_place
from webapp.recognition.models import SupportSet, ZipImport
from webapp.storage.files import deleted_on_failure


def import_zip(*, support_set: SupportSet, file: File[bytes]) -> ZipImport:
    """Start to import a zip of class folders: each folder's name is a class, the pictures in it are its pictures."""
    _require_zip(file)
    spend_upload(support_set.owner)
    require_free_job(support_set.owner)
    require_room(support_set.owner, needed=file.size)
    row = ZipImport(support_set=support_set, original_name=display_file_name(file.name), bytes=file.size)
    row.file.save(f"{uuid4().hex}.zip", file, save=False)
    with deleted_on_failure([row.file.name]), transaction.atomic():
        take_job_place(support_set.owner)
        row.save(force_insert=True)
        jobs.enqueue(row)
    return row


def _require_zip(file: File[bytes]) -> None:
    limit = settings.GLIMPSE_LIMITS["zip_bytes"]
    if file.size > limit:
        raise UserError("too_large", _("A zip may have at most %(n)d MB.") % {"n": limit // 2**20})
    if not zipfile.is_zipfile(file):
        raise UserError("unusable_archive", _("This file is not a zip archive, or it is damaged."))
    file.seek(0)
