"""The work on an uploaded zip: its pictures go into the support set one by one, its own paths and links go nowhere."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _

from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import run_claimed
from webapp.recognition.errors import PersonError
from webapp.recognition.models import ZipImport
from webapp.recognition.names import clean_name, display_file_name
from webapp.recognition.services.images import add_to_class
from webapp.recognition.storage import Refused, delete_files

IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What systems put into zips unasked."""
COPY_BYTES = 1 << 16


def import_zip(job_id: str) -> None:
    """Import one zip, and delete it whatever became of it."""
    run_claimed(ZipImport, job_id, _import)
    row = ZipImport.objects.filter(pk=job_id).first()
    if row is not None and not row.is_active:
        delete_files([row.file.name])


def _import(claim: Claim[ZipImport]) -> None:
    """Take every picture of every class folder."""
    try:
        with claim.job.file.open("rb") as file, zipfile.ZipFile(file) as archive:
            Importer(claim, archive).run()
    except (zipfile.BadZipFile, FileNotFoundError) as error:
        raise JobFailed(code="unusable_archive", message=_("The zip archive is damaged.")) from error


class Importer:
    """One import in progress."""

    def __init__(self, claim: Claim[ZipImport], archive: zipfile.ZipFile) -> None:
        self._claim = claim
        self._archive = archive
        self._support_set = claim.job.support_set
        self._bytes_left = settings.GLIMPSE_LIMITS["zip_unpacked_bytes"]
        self._accepted = 0
        self._refused: list[Refused] = []

    def run(self) -> None:
        """Import entry after entry; the row tells at the end what became of each."""
        entries = list(self._entries())
        for position, entry in enumerate(entries):
            count = {"n": position + 1, "all": len(entries)}
            self._claim.progress(position / len(entries), _("Picture %(n)d of %(all)d") % count)
            self._claim.check()
            try:
                self._take(entry)
            except PersonError as error:
                self._refuse(entry.filename, error.message)
        if not self._accepted and not self._refused:
            raise JobFailed(code="empty_archive", message=_("The zip holds no class folders with pictures."))
        refused = [each.as_json() for each in self._refused]
        self._claim.finish(accepted=self._accepted, refused=refused)

    def _entries(self) -> Iterator[zipfile.ZipInfo]:
        """Yield the entries that are files of a person's; refuse an archive of too many."""
        entries = self._archive.infolist()
        most = settings.GLIMPSE_LIMITS["zip_entries"]
        if len(entries) > most:
            message = _("The zip holds more than %(most)d entries.") % {"most": most}
            raise JobFailed(code="too_many_entries", message=message)
        for entry in entries:
            parts = PurePosixPath(entry.filename).parts
            if not entry.is_dir() and not any(part in IGNORED or part.startswith("._") for part in parts):
                yield entry

    def _take(self, entry: zipfile.ZipInfo) -> None:
        """Import one entry into the class that its folder names."""
        class_name = self._class_name(entry)
        if class_name is None:
            return
        data = self._read(entry)
        if data is None:
            return
        file = SimpleUploadedFile(display_file_name(entry.filename), data)
        report = add_to_class(support_set=self._support_set, class_name=class_name, files=[file])
        self._accepted += len(report.accepted)
        for each in report.refused:
            self._refuse(entry.filename, each.reason)

    def _class_name(self, entry: zipfile.ZipInfo) -> str | None:
        """Return the name of the class, or refuse the entry: links and paths that climb out are never followed."""
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if stat.S_ISLNK(entry.external_attr >> 16):
            self._refuse(entry.filename, _("Links are not imported."))
        elif path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            self._refuse(entry.filename, _("Its path leads out of the archive."))
        elif len(path.parts) < 2:
            self._refuse(entry.filename, _("It lies in no class folder."))
        else:
            return clean_name(path.parent.name)
        return None

    def _read(self, entry: zipfile.ZipInfo) -> bytes | None:
        """Unpack one entry in memory, counting real bytes and not what the archive says; refuse what is too large."""
        most = min(settings.GLIMPSE_LIMITS["picture_bytes"], self._bytes_left)
        out = io.BytesIO()
        try:
            with self._archive.open(entry) as packed:
                while out.tell() <= most and (chunk := packed.read(COPY_BYTES)):
                    out.write(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError):
            self._refuse(entry.filename, _("It is damaged, encrypted, or packed in a way that cannot be read."))
            return None
        self._bytes_left -= out.tell()
        if self._bytes_left < 0:
            most_mb = settings.GLIMPSE_LIMITS["zip_unpacked_bytes"] // 2**20
            message = _("The zip unpacks to more than %(n)d MB.") % {"n": most_mb}
            raise JobFailed(code="archive_too_large", message=message)
        if out.tell() > most:
            self._refuse(entry.filename, _("This file is larger than %(n)d MB.") % {"n": most // 2**20})
            return None
        return out.getvalue()

    def _refuse(self, file: str, reason: str) -> None:
        self._refused.append(Refused("".join(c if c.isprintable() else "\ufffd" for c in file)[:255], reason))
