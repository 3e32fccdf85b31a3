"""The work on an uploaded zip: its pictures go into the support set one by one."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from mlcore.data.zips.reader import Entry
from webapp.core.errors import UserError
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import others_wait, run_claimed
from webapp.pictures.archives import Archive, opened
from webapp.pictures.names import display_file_name, display_path
from webapp.recognition.deletion import remove_zips_of_ended
from webapp.recognition.models import ZipImport
from webapp.recognition.services.images import add_to_class
from webapp.recognition.storage import Refused

SHARE = 0.8
"""Of what may be decoded for an owner in a minute: they upload and ask meanwhile."""


def import_zip(job_id: str, attempt: int | None = None) -> None:
    """Import one zip, and delete it whatever became of it."""
    run_claimed(ZipImport, job_id, _import, attempt)
    remove_zips_of_ended(ZipImport.objects.filter(pk=job_id))


def _import(claim: Claim[ZipImport]) -> None:
    most_entries, most_bytes = (settings.GLIMPSE_LIMITS[name] for name in ("zip_entries", "zip_unpacked_bytes"))
    limits = {"most_entries": most_entries, "most_bytes": most_bytes, "unpacked": claim.job.unpacked}
    with opened(claim.job.file, **limits) as archive:
        Importer(claim, archive).run()


class Importer:
    """One attempt at an import, which goes on from where the one before gave way."""

    def __init__(self, claim: Claim[ZipImport], archive: Archive) -> None:
        self._claim = claim
        self._archive = archive
        self._support_set = claim.job.support_set
        self._position, self._accepted = claim.job.position, claim.job.accepted
        self._refused: list[dict[str, str]] = claim.job.refused
        self._began = self._slice_began = time.monotonic()

    def run(self) -> None:
        """Import file after file, until all are or others wait; the row tells at the end what became of each."""
        contents = self._archive.contents()
        if not self._position and not self._refused:
            for file, reason in contents.refused:
                self._refuse(file, reason)
        files = [(name, entry) for name, entries in contents.classes.items() for entry in entries]
        for class_name, entry in files[self._position :]:
            self._claim.progress(self._position / len(files), self._progress_text(len(files)))
            self._require_time()
            if self._is_to_give_way():
                return self._claim.give_way(progress=self._position / len(files), **self._kept())
            try:
                self._take(class_name, entry)
            except UserError as error:
                if error.code in ("too_often", "too_busy"):
                    return self._wait(error, len(files))
                self._refuse(entry.name, error.message)
            self._position += 1
        return self._claim.finish(**self._kept())

    def _progress_text(self, n_files: int) -> str:
        return _("Picture %(n)d of %(all)d") % {"n": self._position + 1, "all": n_files}

    def _is_to_give_way(self) -> bool:
        """Return whether a slice of work is done, and anybody else waits; what is done is kept in any case."""
        if time.monotonic() - self._slice_began < settings.GLIMPSE_LIMITS["import_slice_seconds"]:
            return False
        self._slice_began = time.monotonic()
        if others_wait(self._claim.job):
            return True
        self._claim.keep(**self._kept())
        return False

    def _require_time(self) -> None:
        """Raise JobFailed if the zip was worked on for as long as any may be."""
        limit = settings.GLIMPSE_LIMITS["import_seconds"]
        if self._seconds() < limit:
            return
        self._claim.note(**self._kept())
        message = _(
            "This zip takes more than %(n)d minutes to read; %(accepted)d of its pictures were added."
            " Send the others in smaller zips, or as smaller pictures."
        )
        raise JobFailed(code="archive_too_large", message=message % {"n": limit // 60, "accepted": self._accepted})

    def _wait(self, error: UserError, n_files: int) -> None:
        """Leave the worker to others until the owner may have more decoded, or the machine has time for it."""
        until = timezone.now() + timedelta(seconds=error.details["retry_after"])
        text = f"{self._progress_text(n_files)}. {error.message}"
        self._claim.give_way(until=until, text=text, progress=self._position / n_files, **self._kept())

    def _kept(self) -> dict[str, Any]:
        """Return the fields from which the next attempt goes on."""
        done = {"position": self._position, "accepted": self._accepted, "refused": self._refused}
        return {**done, "unpacked": self._archive.unpacked, "seconds": self._seconds()}

    def _seconds(self) -> float:
        """Return for how long the zip was worked on, in all attempts."""
        return self._claim.job.seconds + time.monotonic() - self._began

    def _take(self, class_name: str, entry: Entry) -> None:
        """Import one file into a class."""
        file = SimpleUploadedFile(display_file_name(entry.path.name), self._archive.read(entry))
        self._support_set.owner = self._claim.owner
        report = add_to_class(support_set=self._support_set, class_name=class_name, files=[file], share=SHARE)
        self._accepted += len(report.accepted)
        for refusal in report.refused:
            self._refuse(entry.name, refusal.reason)

    def _refuse(self, file: str, reason: str) -> None:
        self._refused.append(Refused(display_path(file), reason).as_json())
