"""Where the pictures of a version come from: a zip, a folder on the server, or people who agreed."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from mlcore.data.names import class_names
from mlcore.data.zips.reader import is_left_behind
from webapp.core.errors import UserError
from webapp.jobs.errors import JobFailed
from webapp.pictures.archives import Archive, name_of
from webapp.pictures.names import clean_name


@dataclass(frozen=True)
class PictureFile:
    """A file that may be a picture. `picture` is its id where a person keeps it, `name` what staff may know it by."""

    class_name: str
    name: str
    read: Callable[[], bytes]
    picture: UUID | None = None


@dataclass(frozen=True)
class Offered:
    """A picture whose owner agreed; a class is one of one support set. `stored` is the picture's name in storage."""

    support_set: UUID
    class_name: str
    picture: UUID
    stored: str

    @property
    def folder(self) -> str:
        """Name the class as no other's is named, and without what its owner wrote: cards list it, and are given out."""
        digest = hashlib.sha256(self.support_set.bytes + self.class_name.encode()).hexdigest()
        return f"{self.support_set.hex[:12]}-{digest[:12]}"


@dataclass
class Findings:
    """All that a source holds, and what cannot be used of it, with the reason."""

    files: list[PictureFile] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


Placed = tuple[str, PurePosixPath, Callable[[], bytes]]
"""The path of a file, the folder it lies in, and how to read it."""


def zip_bounds() -> dict[str, int]:
    """Return what a zip of a data set may hold, as `webapp.pictures.archives` takes it."""
    limits = settings.GLIMPSE_LIMITS
    return {"most_entries": limits["dataset_entries"], "most_bytes": limits["dataset_unpacked_bytes"]}


def in_archive(archive: Archive) -> Findings:
    """Find the pictures of an uploaded zip: each folder is a class."""
    findings = Findings()
    placed: list[Placed] = []
    for entry in archive.files:
        try:
            placed.append((entry.name, _shown(archive.folder(entry)), partial(archive.read, entry)))
        except UserError as error:
            findings.refused.append((entry.name, error.message))
    return _named(placed, findings)


def _shown(folder: PurePosixPath) -> PurePosixPath:
    """Refuse what mlcore would pass over, so that nothing is counted that is never learned from."""
    if any(part.startswith(".") for part in folder.parts):
        raise UserError("unusable_entry", _("Its folder is hidden: rename it without the dot at its start."))
    return folder


def in_folder(root: Path) -> Findings:
    """Find the pictures of a folder on the server: each subfolder is a class; links are never followed."""
    findings, placed = Findings(), list[Placed]()
    for path in _files(root, findings):
        relative = PurePosixPath(path.relative_to(root).as_posix())
        if len(placed) >= settings.GLIMPSE_LIMITS["dataset_entries"]:
            raise JobFailed(code="too_many_entries", message=_("The folder holds too many files."))
        if len(relative.parts) < 2:
            findings.refused.append((str(relative), _("It lies in no class folder.")))
        else:
            placed.append((str(relative), relative.parent, partial(_read, path)))
    return _named(placed, findings)


def _files(root: Path, findings: Findings) -> Iterator[Path]:
    """Yield the plain files below a folder, and refuse links."""
    for here, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in [*folders, *sorted(name for name in files if not _is_hidden(name))]:
            path = Path(here) / name
            if path.is_symlink():
                findings.refused.append((path.relative_to(root).as_posix(), _("Links are not imported.")))
            elif path.is_file():
                yield path


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or is_left_behind(PurePosixPath(name))


def _read(path: Path) -> bytes:
    """Read one file, no more than a picture may have, and never through a link that has come since."""
    limit = settings.GLIMPSE_LIMITS["picture_bytes"]
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:  # noqa: PTH123
            data = file.read(limit + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except OSError as error:
        raise UserError("unusable_entry", _("It cannot be read.")) from error
    if len(data) > limit:
        raise UserError("unusable_entry", _("This file is larger than %(n)d MB.") % {"n": limit // 2**20})
    return data


def _named(placed: Sequence[Placed], findings: Findings) -> Findings:
    """Name the classes by their folders; what lies in a folder of folders lies in no class."""
    names = class_names({folder for _file, folder, _reader in placed})
    for file, folder, read in placed:
        try:
            findings.files.append(PictureFile(class_folder(name_of(folder, names)), file, read))
        except UserError as error:
            findings.refused.append((file, error.message))
    return findings


def class_folder(name: str) -> str:
    """Return the name of a class's folder in our archives; raise UserError if it cannot be one."""
    folder = clean_name(name).replace("/", "∕").replace("\\", "∖")
    return f"_{folder}" if folder.startswith(".") else folder


def offered_by_people() -> Findings:
    """Find the pictures whose owners agreed, as the app that keeps them offers them."""
    offers: Iterable[Offered] = import_string(settings.GLIMPSE_CONTRIBUTIONS)()
    return Findings(
        [
            PictureFile(offer.folder, str(offer.picture), partial(_fetch, offer.stored), offer.picture)
            for offer in offers
        ]
    )


def _fetch(stored: str) -> bytes:
    """Read a picture from storage; raise UserError if its owner has just deleted it."""
    try:
        with default_storage.open(stored) as file:
            data: bytes = file.read()
            return data
    except FileNotFoundError as error:
        raise UserError("unusable_entry", _("It was deleted meanwhile.")) from error


def zip_rewritten(source: zipfile.ZipFile, target: zipfile.ZipFile, *, path_of: Callable[[str], str | None]) -> None:
    """Copy a zip of our own making entry by entry, each to its new path, or not at all where that is None."""
    for entry in source.infolist():
        path = path_of(entry.filename)
        if path is not None:
            target.writestr(path, source.read(entry))
