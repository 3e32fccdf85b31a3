"""Zips of pictures: those that wait for their person's word, and their import."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mlcore.schemas import Listed, Record, Text, Whole
from webapp.accounts.models import OwnedQuerySet
from webapp.core.rows.stored_json import StoredJSON
from webapp.jobs.models import Job, JobQuerySet
from webapp.recognition.models.support_sets import REFUSED, SupportSet

SEND_AGAIN = _("Send the zip once more.")
CLASS = Record({"name": Text(2000), "files": Whole()})


def archive_path(instance: models.Model | None, filename: str) -> str:
    """Return the path of an uploaded zip that waits for its import."""
    return f"archives/{filename}"


class ZipUploadQuerySet(OwnedQuerySet["ZipUpload"]):
    """Reads of zips that were looked into."""

    owner_path = "support_set__owner"


class ZipUpload(models.Model):
    """A zip of class folders that was looked into, and waits for its person to let its classes be made or not."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    support_set = models.ForeignKey(SupportSet, on_delete=models.CASCADE, related_name="zip_uploads")
    file = models.FileField(upload_to=archive_path, max_length=200)
    original_name = models.CharField(max_length=255, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    classes = StoredJSON(
        schema=Listed(CLASS, 100_000),
        remedy=SEND_AGAIN,
        default=list,
        help_text=_('[{"name": name, "files": how many}]'),
    )
    refused = StoredJSON(
        schema=REFUSED, remedy=SEND_AGAIN, default=list, help_text=_('[{"file": name, "reason": sentence}]')
    )
    n_refused = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects = ZipUploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return str(self.id)


class ZipImportQuerySet(OwnedQuerySet["ZipImport"], JobQuerySet["ZipImport"]):  # type: ignore[override] # of as_manager
    """Reads of zip imports."""

    owner_path = "support_set__owner"


class ZipImport(Job):
    """A zip of class folders on its way into a support set; the row is also its job.

    position: how many of its files are done, from which an import goes on that gave way to others.
    """

    queue = "imports"
    task_name = "recognition.import_zip"

    support_set = models.ForeignKey(SupportSet, on_delete=models.CASCADE, related_name="zip_imports")
    file = models.FileField(upload_to=archive_path, max_length=200, blank=True)
    original_name = models.CharField(max_length=255, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    refused = StoredJSON(
        schema=REFUSED, remedy=SEND_AGAIN, default=list, help_text=_('[{"file": name, "reason": sentence}]')
    )
    position = models.PositiveIntegerField(default=0)
    unpacked = models.PositiveBigIntegerField(default=0, help_text=_("Bytes that what is done has unpacked to."))
    seconds = models.FloatField(default=0.0, help_text=_("For which it was worked on."))

    objects = ZipImportQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        verbose_name = _("zip import")
        verbose_name_plural = _("zip imports")
        ordering = ["-created"]

    def __str__(self) -> str:
        return str(self.id)
