"""The work on an uploaded zip: its pictures go into the support set one by one."""

from __future__ import annotations

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _

from mlcore.data.zips.reader import Entry
from webapp.core.errors import UserError
from webapp.jobs.claims import Claim
from webapp.jobs.services import run_claimed
from webapp.pictures.archives import Archive, opened
from webapp.pictures.names import display_file_name, display_path
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
        """Import file after file; the row tells at the end what became of each."""
        contents = self._archive.contents()
        for file, reason in contents.refused:
            self._refuse(file, reason)
        files = [(name, entry) for name, entries in contents.classes.items() for entry in entries]
        for position, (class_name, entry) in enumerate(files):
            count = {"n": position + 1, "all": len(files)}
            self._claim.progress(position / len(files), _("Picture %(n)d of %(all)d") % count)
            self._claim.check()
            try:
                self._take(class_name, entry)
            except UserError as error:
                self._refuse(entry.name, error.message)
        refused = [refusal.as_json() for refusal in self._refused]
        self._claim.finish(accepted=self._accepted, refused=refused)

    def _take(self, class_name: str, entry: Entry) -> None:
        """Import one file into a class."""
        file = SimpleUploadedFile(display_file_name(entry.path.name), self._archive.read(entry))
        report = add_to_class(support_set=self._support_set, class_name=class_name, files=[file])
        self._accepted += len(report.accepted)
        for refusal in report.refused:
            self._refuse(entry.name, refusal.reason)

    def _refuse(self, file: str, reason: str) -> None:
        self._refused.append(Refused(display_path(file), reason))
