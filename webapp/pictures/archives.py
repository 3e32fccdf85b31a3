"""A zip that somebody sent: what classes it would make, and its pictures, within the limits of the site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, cast

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext as _

from mlcore.data.names import class_names
from mlcore.data.zips.reader import Entry, EntryError, TooManyEntriesError, Trouble, Zip, open_zip
from mlcore.errors import ZipError
from webapp.core.errors import UserError
from webapp.jobs.errors import JobFailed
from webapp.pictures.names import clean_name


@contextmanager
def opened(file: File[bytes], *, most_entries: int, most_bytes: int, unpacked: int = 0) -> Iterator[Archive]:
    """Open a stored zip; raise UserError as `looked_into` does, or if it is gone."""
    try:
        packed = file.open("rb")
    except FileNotFoundError as error:
        raise UserError("unusable_archive", _("The zip is gone. Send it again.")) from error
    with packed, looked_into(packed, most_entries=most_entries, most_bytes=most_bytes, unpacked=unpacked) as archive:
        yield archive


@contextmanager
def looked_into(file: File[bytes], *, most_entries: int, most_bytes: int, unpacked: int = 0) -> Iterator[Archive]:
    """Look into a zip that is open, and leave it open; raise UserError if it is damaged, or holds too many entries."""
    try:
        with open_zip(cast(IO[bytes], file), most_entries=most_entries) as archive:
            yield Archive(archive, most_bytes=most_bytes, unpacked=unpacked)
    except TooManyEntriesError as error:
        message = _("The zip holds more than %(limit)d entries.") % {"limit": most_entries}
        raise UserError("too_many_entries", message) from error
    except ZipError as error:
        raise UserError("unusable_archive", _("This file is not a zip archive, or it is damaged.")) from error


@dataclass
class Contents:
    """The files of a zip by the class that they are of, in the order of their names; and what is refused, and why."""

    classes: dict[str, list[Entry]] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)


class Archive:
    """The files of one zip, within bounds.

    most_bytes: what all that is read of it may unpack to. unpacked: what was, in earlier attempts.
    """

    def __init__(self, archive: Zip, *, most_bytes: int, unpacked: int = 0) -> None:
        self._zip = archive
        self._most_bytes = most_bytes
        self.unpacked = unpacked

    @property
    def files(self) -> list[Entry]:
        """Return the entries that are files of a person's."""
        return [entry for entry in self._zip.entries if not entry.is_folder]

    def contents(self) -> Contents:
        """Return what classes its folders make, and what lies in none or cannot be read."""
        contents, folders = Contents(), dict[Entry, PurePosixPath]()
        for entry in self.files:
            try:
                folders[entry] = self.folder(entry)
            except UserError as error:
                contents.refused.append((entry.name, error.message))
        names = class_names(set(folders.values()))
        for entry, folder in folders.items():
            try:
                contents.classes.setdefault(clean_name(name_of(folder, names)), []).append(entry)
            except UserError as error:
                contents.refused.append((entry.name, error.message))
        contents.classes = dict(sorted(contents.classes.items()))
        return contents

    def folder(self, entry: Entry) -> PurePosixPath:
        """Return the folder a file lies in; raise UserError for what the zip's directory tells cannot be taken."""
        if entry.trouble:
            raise _unusable(entry.trouble)
        if len(entry.path.parts) < 2:
            raise _in_no_class()
        return entry.path.parent

    def read(self, entry: Entry) -> bytes:
        """Unpack one file in memory; raise UserError if it cannot be, JobFailed if all together are too large.

        What a refused file was unpacked to counts as well: the work is done by then.
        """
        left = self._most_bytes - self.unpacked
        try:
            data = self._zip.read(entry, most_bytes=min(settings.GLIMPSE_LIMITS["picture_bytes"], left))
        except EntryError as error:
            self.unpacked += error.unpacked
            if error.trouble is Trouble.TOO_LARGE and self.unpacked > self._most_bytes:
                message = _("The zip unpacks to more than %(n)d MB.") % {"n": self._most_bytes // 2**20}
                raise JobFailed(code="archive_too_large", message=message) from error
            raise _unusable(error.trouble) from error
        self.unpacked += len(data)
        return data


def name_of(folder: PurePosixPath, names: dict[PurePosixPath, str]) -> str:
    """Return the name of the class that a folder is; raise UserError for one that is none, as it is around others."""
    if folder not in names:
        raise _in_no_class()
    return names[folder]


def _in_no_class() -> UserError:
    return UserError("unusable_entry", _("It lies in no class folder."))


def _unusable(trouble: Trouble) -> UserError:
    """Return why an entry is not taken, and what helps."""
    megabytes = settings.GLIMPSE_LIMITS["picture_bytes"] // 2**20
    sentences = {
        Trouble.DAMAGED: _("It is damaged: pack it again, from the picture itself."),
        Trouble.ENCRYPTED: _("It is encrypted: pack it again without a password."),
        Trouble.LINK: _("Links are not imported."),
        Trouble.OUTSIDE: _("Its path leads out of the archive."),
        Trouble.PACKING: _("It is packed in a way that cannot be read here: pack it again as a plain zip."),
        Trouble.TOO_LARGE: _("This file is larger than %(n)d MB.") % {"n": megabytes},
    }
    return UserError("unusable_entry", sentences[trouble])
