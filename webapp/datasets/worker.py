"""The work on a version of a data set: its pictures are found, cleaned, split by class and stored, or counted."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.datasets.ingesting import class_splits, registered, sources
from webapp.datasets.ingesting.contact_sheets import sheet_of
from webapp.datasets.ingesting.reports import LISTED, Report
from webapp.datasets.ingesting.sources import Findings, PictureFile, zip_rewritten
from webapp.datasets.models import Contribution, DatasetVersion, Source
from webapp.datasets.stored_datasets import allowed_folder, delete_stored, store, store_staged
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import run_claimed
from webapp.jobs.staging import staging
from webapp.pictures import archives
from webapp.pictures.reader import Helper, read_picture
from webapp.storage.disk import full_disk_in_words, keep_room
from webapp.storage.files import deleted_on_failure

helper = Helper(side="dataset_side")
"""The one that decodes for data sets in this process."""


def ingest(job_id: str, attempt: int | None = None) -> None:
    """Ingest one version, and delete the zip it came as once nothing more is to be done with it."""
    run_claimed(DatasetVersion, job_id, _ingest, attempt)
    version = DatasetVersion.objects.filter(pk=job_id).first()
    if version is not None and not version.is_active:
        delete_stored([version.upload.name])


def _ingest(claim: Claim[DatasetVersion]) -> None:
    version = claim.job
    folder = staging(version)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        with full_disk_in_words():
            _from_its_source(claim, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _from_its_source(claim: Claim[DatasetVersion], folder: Path) -> None:
    version = claim.job
    match version.dataset.source:
        case Source.REGISTERED:
            registered.count(claim, folder)
        case Source.UPLOAD:
            with archives.opened(version.upload, **sources.zip_bounds()) as archive:
                Ingest(claim, sources.in_archive(archive), folder).run()
        case Source.FOLDER:
            Ingest(claim, sources.in_folder(allowed_folder(version.folder)), folder).run()
        case _site:
            Ingest(claim, sources.offered_by_people(), folder).run()


class Ingest:
    """One ingest in progress."""

    def __init__(self, claim: Claim[DatasetVersion], findings: Findings, folder: Path) -> None:
        self._claim, self._version = claim, claim.job
        self._findings, self._folder = findings, folder
        self._report = Report()
        self._counts: Counter[str] = Counter()
        self._homes: dict[bytes, set[str]] = {}
        self._pictures: dict[str, UUID] = {}

    def run(self) -> None:
        """Clean picture after picture, drop the classes that are too small, split the others, and store all."""
        for file, reason in self._findings.refused:
            self._report.refuse(file, reason)
        draft, final = self._folder / "draft.zip", self._folder / "final.zip"
        self._take_all(draft)
        names = self._large_enough()
        classes = self._split(names)
        self._arrange(draft, final, {row["name"]: row["split"] for row in classes})
        draft.unlink()
        self._note_duplicates(set(names))
        self._report.bytes = final.stat().st_size
        with zipfile.ZipFile(final) as archive:
            sheet = sheet_of(archive, classes)
        self._store(final, sheet, classes)

    def _take_all(self, draft: Path) -> None:
        """Write the cleaned pictures to one zip, class by class."""
        total = len(self._findings.files)
        with zipfile.ZipFile(draft, "w") as archive:
            for position, file in enumerate(self._findings.files):
                count = {"n": position + 1, "all": total}
                self._claim.progress(0.9 * position / total, _("Picture %(n)d of %(all)d") % count)
                keep_room()
                try:
                    self._take(file, archive)
                except UserError as error:
                    self._report.refuse(file.name, error.message)

    def _take(self, file: PictureFile, archive: zipfile.ZipFile) -> None:
        """Clean one picture; of two in one class whose pixels are the same, the second is left out."""
        picture = read_picture(ContentFile(file.read()), by=helper)
        homes = self._homes.setdefault(bytes.fromhex(picture.pixel_digest), set())
        if file.class_name in homes:
            self._report.n_repeated += 1
            return
        homes.add(file.class_name)
        self._counts[file.class_name] += 1
        path = f"{file.class_name}/{self._counts[file.class_name]:05d}{picture.suffix}"
        archive.writestr(path, picture.file)
        if file.picture is not None:
            self._pictures[path] = file.picture

    def _large_enough(self) -> list[str]:
        """Name the classes that have pictures enough; those of people are counted and not listed."""
        least, by_name = self._version.least_pictures, self._version.dataset.source != Source.SITE
        names = self._report.leave_out_small(self._counts, least=least, by_name=by_name)
        class_splits.require_number(len(names), least=least, n_small=self._report.n_small)
        return names

    def _split(self, names: list[str]) -> list[dict[str, Any]]:
        """List the classes, each in the split that it has had in this data set before, or gets now."""
        dataset = self._version.dataset
        splits = class_splits.assign(dataset_id=dataset.pk, names=names, known=dataset.known_splits())
        if min(list(splits.values()).count(split) for split in ("train", "val")) < class_splits.LEAST:
            raise JobFailed(code="too_few_classes", message=class_splits.too_few(len(names)))
        listed = [{"name": name, "split": splits[name], "pictures": self._counts[name]} for name in names]
        return sorted(listed, key=lambda row: (class_splits.SPLITS.index(row["split"]), row["name"]))

    def _arrange(self, draft: Path, final: Path, splits: dict[str, str]) -> None:
        """Copy the pictures of the classes that stay to where `mlcore` looks for them."""

        def path_of(path: str) -> str | None:
            self._claim.check()
            keep_room()
            split = splits.get(path.rpartition("/")[0])
            return split and f"{split}/{path}"

        self._claim.progress(0.9, _("Splitting the classes"))
        with zipfile.ZipFile(draft) as source, zipfile.ZipFile(final, "w") as target:
            zip_rewritten(source, target, path_of=path_of)
        self._pictures = {new: self._pictures[old] for old in self._pictures if (new := path_of(old)) is not None}

    def _note_duplicates(self, names: set[str]) -> None:
        """Note which classes share a picture."""
        shared = sorted(sorted(homes & names) for homes in self._homes.values() if len(homes & names) > 1)
        self._report.duplicates, self._report.n_duplicates = shared[:LISTED], len(shared)

    def _fingerprint(self, names: set[str]) -> str:
        """Name what the version holds: the pixels and the class of every picture, in any order."""
        lines = sorted(f"{digest.hex()} {name}" for digest, homes in self._homes.items() for name in homes & names)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _store(self, final: Path, sheet: bytes, classes: list[dict[str, Any]]) -> None:
        """Store the archive and its sheet, then write all that is known of them to the row."""
        stored = [store_staged(self._version, final), store(self._version, ".jpg", sheet)]
        contributions = [
            Contribution(version=self._version, picture=picture, path=path) for path, picture in self._pictures.items()
        ]
        with deleted_on_failure(stored), transaction.atomic():
            self._claim.finish(
                archive=stored[0],
                contact_sheet=stored[1],
                classes=classes,
                n_classes=len(classes),
                n_pictures=sum(row["pictures"] for row in classes),
                report=asdict(self._report),
                fingerprint=self._fingerprint({row["name"] for row in classes}),
            )
            Contribution.objects.bulk_create(contributions, batch_size=500)
