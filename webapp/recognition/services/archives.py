"""Zip archives of class folders: looked into here, imported by a job once people have seen what they would make."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.jobs import services as jobs
from webapp.pictures.allowances import place_in_flight
from webapp.pictures.archives import Contents, looked_into
from webapp.pictures.names import display_file_name, display_path
from webapp.recognition.allowances import require_room, spend_upload, take_room
from webapp.recognition.deletion import remove_zip_uploads, remove_zips_of_ended
from webapp.recognition.models import SupportSet, ZipImport, ZipUpload
from webapp.recognition.storage import Refused
from webapp.storage.files import deleted_on_failure

LISTED = 200
"""How many refused files an upload lists."""


def upload_zip(*, support_set: SupportSet, file: File[bytes]) -> ZipUpload:
    """Store a zip and say what classes it would make, instead of what was sent before and not imported.

    Raise UserError for what is no zip, or holds nothing that could be imported, or more classes than a set may have.
    """
    limit = settings.GLIMPSE_LIMITS["zip_bytes"]
    if file.size > limit:
        raise UserError("too_large", _("A zip may have at most %(n)d MB.") % {"n": limit // 2**20})
    spend_upload(support_set.owner)
    with place_in_flight(support_set.owner):
        return _keep(support_set, file)


def _keep(support_set: SupportSet, file: File[bytes]) -> ZipUpload:
    require_room(support_set.owner, needed=file.size - _replaced(support_set))
    contents = _contents(file)
    upload = ZipUpload(
        support_set=support_set,
        original_name=display_file_name(file.name),
        bytes=file.size,
        classes=[{"name": name, "files": len(files)} for name, files in contents.classes.items()],
        refused=[Refused(display_path(name), reason).as_json() for name, reason in contents.refused[:LISTED]],
        n_refused=len(contents.refused),
    )
    file.seek(0)
    upload.file.save(f"{uuid4().hex}.zip", file, save=False)
    with deleted_on_failure([upload.file.name]), transaction.atomic():
        take_room(support_set.owner, needed=file.size - _replaced(support_set))
        upload.save(force_insert=True)
        remove_zip_uploads(support_set.zip_uploads.exclude(pk=upload.pk))
    return upload


def _replaced(support_set: SupportSet) -> int:
    """Return the bytes of the zips that make room for the next one."""
    return support_set.zip_uploads.aggregate(bytes=Sum("bytes"))["bytes"] or 0


def import_upload(*, upload: ZipUpload) -> ZipImport:
    """Start to import a zip that was looked into; raise UserError if that was done already, or the zip is gone."""
    owner = upload.support_set.owner
    known = {"support_set": upload.support_set, "original_name": upload.original_name, "bytes": upload.bytes}
    with transaction.atomic():
        jobs.take_place(owner, ZipImport.queue)
        _lock(upload)
        row = ZipImport.objects.create(file=upload.file.name, **known)
        upload.delete()
        jobs.enqueue(row)
    return row


def cancel_import(*, zip_import: ZipImport) -> None:
    """Stop an import; what it already took in stays. Its zip goes at once, or as soon as its worker has stopped."""
    with transaction.atomic():
        jobs.cancel(zip_import)
        transaction.on_commit(lambda: remove_zips_of_ended(ZipImport.objects.filter(pk=zip_import.pk)))


def discard_upload(*, upload: ZipUpload) -> None:
    """Delete a zip that was looked into, and import nothing of it; raise UserError if its import has begun."""
    with transaction.atomic():
        _lock(upload)
        remove_zip_uploads(ZipUpload.objects.filter(pk=upload.pk))


def zip_is_gone() -> UserError:
    """Return what is said of a zip that waits no longer."""
    return UserError("unusable_archive", _("This zip is gone, or imported already. Send it again."))


def _lock(upload: ZipUpload) -> None:
    """Hold a zip's row until the transaction ends; raise UserError if others decided about it meanwhile."""
    if not ZipUpload.objects.select_for_update().filter(pk=upload.pk):
        raise zip_is_gone()


def _contents(file: File[bytes]) -> Contents:
    """Return what a zip would make; raise UserError with the reasons if that is nothing, or more than may be."""
    most_entries, most_bytes = (settings.GLIMPSE_LIMITS[name] for name in ("zip_entries", "zip_unpacked_bytes"))
    with looked_into(file, most_entries=most_entries, most_bytes=most_bytes) as archive:
        contents = archive.contents()
    if not contents.classes:
        reasons = " ".join(dict.fromkeys(reason for _file, reason in contents.refused[:LISTED]))
        message = _("The zip holds no class folders with pictures. Each folder is a class, named as the folder is.")
        raise UserError("empty_archive", f"{message} {reasons}".strip())
    most_classes = settings.GLIMPSE_LIMITS["classes"]
    if len(contents.classes) > most_classes:
        message = _("The zip makes %(n)d classes, and a support set may have at most %(limit)d.")
        raise UserError("limit_reached", message % {"n": len(contents.classes), "limit": most_classes})
    return contents
