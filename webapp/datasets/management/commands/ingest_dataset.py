"""Ingest a data set, as the admin does."""

from __future__ import annotations

from pathlib import Path
from time import sleep
from typing import Any

from django.contrib.auth.models import User
from django.core.files import File
from django.core.management.base import CommandError, CommandParser

from webapp.core.staff.command import USAGE, StaffCommand
from webapp.datasets import services as datasets
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
        source.add_argument("--zip", type=Path, help="A zip of class folders.")
        source.add_argument("--folder", default="", help="A folder below one of GLIMPSE_DATASET_FOLDERS.")
        source.add_argument("--registered", default="", help="The name of a data set that mlcore knows.")
        source.add_argument("--site", action="store_true", help="The support sets whose owners agreed.")
        parser.add_argument(
            "--least-pictures", type=int, default=10, help="Smaller classes are left out (%(default)s)."
        )
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
                return datasets.ingest(**target, source=Source.UPLOAD, material=_material(options, File(file)))
        except OSError as error:
            raise CommandError(f"{options['zip']} cannot be read: {error.strerror}.", returncode=USAGE) from error


def _source(options: dict[str, Any]) -> Source:
    return Source.FOLDER if options["folder"] else Source.REGISTERED if options["registered"] else Source.SITE


def _material(options: dict[str, Any], upload: File[Any] | None) -> Material:
    return Material(
        upload=upload,
        folder=options["folder"],
        registered=options["registered"],
        least_pictures=options["least_pictures"],
    )
