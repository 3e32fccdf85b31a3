"""The work on an uploaded zip: its pictures go into the support set one by one."""

from __future__ import annotations

import zipfile

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import run_claimed
from webapp.pictures.archives import Archive, opened
from webapp.pictures.names import clean_name, display_file_name, display_path
from webapp.recognition.models import ZipImport
from webapp.recognition.services.images import add_to_class
from webapp.recognition.storage import Refused
from webapp.storage.files import delete_files


def import_zip(job_id: str) -> None:
    """Import one zip, and delete it whatever became of it."""
    run_claimed(ZipImport, job_id, _import)
    row = ZipImport.objects.filter(pk=job_id).first()
    if row is not None and not row.is_active:
        delete_files([row.file.name])


def _import(claim: Claim[ZipImport]) -> None:
    most_entries, most_bytes = (settings.GLIMPSE_LIMITS[name] for name in ("zip_entries", "zip_unpacked_bytes"))
    with opened(claim.job.file, most_entries=most_entries, most_bytes=most_bytes) as archive:
        Importer(claim, archive).run()


class Importer:
    """One import in progress."""

    def __init__(self, claim: Claim[ZipImport], archive: Archive) -> None:
        self._claim = claim
        self._archive = archive
        self._support_set = claim.job.support_set
        self._accepted = 0
        self._refused: list[Refused] = []

    def run(self) -> None:
        """Import entry after entry; the row tells at the end what became of each."""
        entries = list(self._archive.entries())
        for position, entry in enumerate(entries):
            count = {"n": position + 1, "all": len(entries)}
            self._claim.progress(position / len(entries), _("Picture %(n)d of %(all)d") % count)
            self._claim.check()
            try:
                self._take(entry)
            except UserError as error:
                self._refuse(entry.filename, error.message)
        if not self._accepted and not self._refused:
            raise JobFailed(code="empty_archive", message=_("The zip holds no class folders with pictures."))
        refused = [refusal.as_json() for refusal in self._refused]
        self._claim.finish(accepted=self._accepted, refused=refused)

    def _take(self, entry: zipfile.ZipInfo) -> None:
        """Import one entry into the class that its folder names."""
        class_name = clean_name(self._archive.folder(entry).name)
        file = SimpleUploadedFile(display_file_name(entry.filename), self._archive.read(entry))
        report = add_to_class(support_set=self._support_set, class_name=class_name, files=[file])
        self._accepted += len(report.accepted)
        for refusal in report.refused:
            self._refuse(entry.filename, refusal.reason)

    def _refuse(self, file: str, reason: str) -> None:
        self._refused.append(Refused(display_path(file), reason))
