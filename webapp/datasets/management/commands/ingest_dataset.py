"""Ingest a data set, as the admin does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

from django.contrib.auth.models import User
from django.core.files import File
from django.core.management.base import CommandError, CommandParser

from webapp.core.staff.command import REFUSED, USAGE, StaffCommand
from webapp.datasets import services as datasets
from webapp.datasets.ingesting.reports import Preview
from webapp.datasets.models import DatasetVersion, Source
from webapp.datasets.services import Material

LOOK_SECONDS = 0.5


class Command(StaffCommand):
    """Ingest a data set that is new, or a new version of one that there is."""

    help = "Ingest a data set that is new, or a new version of one that there is. A worker of the queue staff does it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add its name, where the pictures come from, and whether to wait."""
        super().add_arguments(parser)
        parser.add_argument("name", help="The name of the data set.")
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--zip", type=Path, help="A zip of class folders, which are listed before it is ingested.")
        source.add_argument("--folder", default="", help="A folder below one of GLIMPSE_DATASET_FOLDERS.")
        source.add_argument("--registered", default="", help="The name of a data set that mlcore knows.")
        source.add_argument("--site", action="store_true", help="The support sets whose owners agreed.")
        parser.add_argument(
            "--least-pictures", type=int, default=10, help="Smaller classes are left out (%(default)s)."
        )
        parser.add_argument("--yes", action="store_true", help="Ask nothing of whoever sits at the terminal.")
        parser.add_argument("--wait", action="store_true", help="Wait for the end; fail if it fails.")

    def act(self, by: User, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Start, and wait for the end if asked."""
        version = self._started(by, options)
        if options["wait"]:
            while version.is_active:
                sleep(LOOK_SECONDS)
                version.refresh_from_db()
            datasets.require_ready(version=version)
        return datasets.version_as_plain(version=version), f"{version}: {version.status_sentence}"

    def _started(self, by: User, options: dict[str, Any]) -> DatasetVersion:
        target = {"name": options["name"], "by": by}
        if options["zip"] is None:
            return datasets.ingest(**target, source=_source(options), material=_material(options, None))
        try:
            with options["zip"].open("rb") as file:
                material = _material(options, File(file))
                self._show(datasets.look_into(material=material))
                if not (options["yes"] or self._agreed()):
                    raise CommandError("Nothing was ingested.", returncode=REFUSED)
                return datasets.ingest(**target, source=Source.UPLOAD, material=material)
        except OSError as error:
            raise CommandError(f"{options['zip']} cannot be read: {error.strerror}.", returncode=USAGE) from error

    def _show(self, preview: Preview) -> None:
        """List what a zip would make, beside the answer of the command, which scripts read."""
        for line in _lines(preview):
            self.stderr.write(line, str)

    def _agreed(self) -> bool:
        """Ask whether to go on, where somebody is there to be asked."""
        if not sys.stdin.isatty():
            return True
        self.stderr.write("Ingest these classes? [y/N] ", str, ending="")
        self.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def _lines(preview: Preview) -> Iterator[str]:
    """Yield what a zip would make: its classes, then what is left out and why."""
    report = preview.report
    yield f"Classes of the zip: {len(preview.classes)}"
    yield from (f"  {row['name']}: {_files(row['files'])}" for row in preview.classes)
    if report.n_small:
        yield f"Left out, for too few files: {report.n_small}"
        yield from (f"  {row['name']}: {_files(row['pictures'])}" for row in report.small)
    if report.n_refused:
        yield f"Not taken: {report.n_refused}"
        yield from (f"  {row['file']}: {row['reason']}" for row in report.refused)
    if preview.obstacle:
        yield preview.obstacle


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n} files"


def _source(options: dict[str, Any]) -> Source:
    return Source.FOLDER if options["folder"] else Source.REGISTERED if options["registered"] else Source.SITE


def _material(options: dict[str, Any], upload: File[Any] | None) -> Material:
    return Material(
        upload=upload,
        folder=options["folder"],
        registered=options["registered"],
        least_pictures=options["least_pictures"],
    )
