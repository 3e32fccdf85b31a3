"""A zip that somebody sent, read entry by entry and never unpacked to disk: its own paths and links go nowhere."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.jobs.errors import JobFailed

IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What systems put into zips unasked."""
COPY_BYTES = 1 << 16
ENTRY_BYTES = 256
"""What an entry of many takes in the directory of a zip at most, its name included."""
SIZE_OF_DIRECTORY = 5  # its place in what `zipfile._EndRecData` returns


@contextmanager
def opened(file: File[bytes], *, most_entries: int, most_bytes: int) -> Iterator[Archive]:
    """Open a stored zip; raise JobFailed if it is damaged or gone."""
    try:
        with file.open("rb") as packed:
            _require_small_directory(packed, most_entries)
            with zipfile.ZipFile(packed) as archive:
                yield Archive(archive, most_entries=most_entries, most_bytes=most_bytes)
    except (zipfile.BadZipFile, FileNotFoundError) as error:
        raise JobFailed(code="unusable_archive", message=_("The zip archive is damaged.")) from error


def _require_small_directory(packed: IO[bytes], most_entries: int) -> None:
    """Raise JobFailed for a directory far too large for its entries, before zipfile reads it whole into memory."""
    end = zipfile._EndRecData(packed)  # type: ignore[attr-defined] # what ZipFile itself goes by
    if end and end[SIZE_OF_DIRECTORY] > most_entries * ENTRY_BYTES:
        raise JobFailed(code="too_many_entries", message=_too_many(most_entries))


def _too_many(most_entries: int) -> str:
    return _("The zip holds more than %(limit)d entries.") % {"limit": most_entries}


class Archive:
    """The entries of one zip, within bounds.

    most_entries: how many it may hold. most_bytes: what all that is read of it may unpack to.
    """

    def __init__(self, archive: zipfile.ZipFile, *, most_entries: int, most_bytes: int) -> None:
        self._archive = archive
        self._most_entries = most_entries
        self._most_bytes = self._bytes_left = most_bytes

    def entries(self) -> Iterator[zipfile.ZipInfo]:
        """Yield the entries that are files of a person's; raise JobFailed for an archive of too many."""
        entries = self._archive.infolist()
        if len(entries) > self._most_entries:
            raise JobFailed(code="too_many_entries", message=_too_many(self._most_entries))
        for entry in entries:
            if not entry.is_dir() and not is_ignored(PurePosixPath(entry.filename)):
                yield entry

    def folder(self, entry: zipfile.ZipInfo) -> PurePosixPath:
        """Return the folder an entry lies in; raise UserError for links and paths that climb out."""
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UserError("unusable_entry", _("Links are not imported."))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise UserError("unusable_entry", _("Its path leads out of the archive."))
        if len(path.parts) < 2:
            raise UserError("unusable_entry", _("It lies in no class folder."))
        return path.parent

    def read(self, entry: zipfile.ZipInfo) -> bytes:
        """Unpack one entry in memory, counting real bytes and not what the archive says; refuse what is too large."""
        limit = min(settings.GLIMPSE_LIMITS["picture_bytes"], self._bytes_left)
        data = self._unpack(entry, limit)
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            message = _("The zip unpacks to more than %(n)d MB.") % {"n": self._most_bytes // 2**20}
            raise JobFailed(code="archive_too_large", message=message)
        if len(data) > limit:
            raise UserError("unusable_entry", _("This file is larger than %(n)d MB.") % {"n": limit // 2**20})
        return data

    def _unpack(self, entry: zipfile.ZipInfo, limit: int) -> bytes:
        """Return an entry's bytes, and not much more than ``limit`` of them."""
        out = io.BytesIO()
        try:
            with self._archive.open(entry) as packed:
                while out.tell() <= limit and (chunk := packed.read(COPY_BYTES)):
                    out.write(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise UserError(
                "unusable_entry", _("It is damaged, encrypted, or packed in a way that cannot be read.")
            ) from error
        return out.getvalue()


def is_ignored(path: PurePosixPath) -> bool:
    """Return whether a file is what systems leave behind unasked."""
    return any(part in IGNORED or part.startswith("._") for part in path.parts)
