"""The one reader of zips: entry by entry in memory, never unpacked to disk, so that paths and links go nowhere."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from mlcore.data.zips.encodings import Spelling, spelling_of
from mlcore.errors import MlcoreError, ZipError

COPY_BYTES = 1 << 16
ENTRY_BYTES = 256
"""What an entry of many takes in the directory of a zip at most, its name included."""
END_BYTES = 1 << 17
"""What is read of the end of any zip at once, to find its directory."""
_ENCRYPTED, _UTF8 = 0x41, 0x800  # bits of an entry's flags; 0x40 is the strong encryption of PKWARE
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The packings of which no more is unpacked than is asked for; bzip2 and LZMA give whatever a few bytes make."""
_UNICODE_PATH = 0x7075  # the extra field in which packers repeat a name as UTF-8 (APPNOTE 4.6.9)
_SYSTEM_NAMES = frozenset({"__macosx", ".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "icon\r"})
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, UnicodeError, struct.error)


class Trouble(Enum):
    """Why an entry is not read."""

    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    LINK = "a link"
    OUTSIDE = "a path that leads out of the zip"
    PACKING = "packed in a way that cannot be read"
    TOO_LARGE = "too large"


class EntryError(MlcoreError):
    """One entry of a zip cannot be read, which says nothing of the others.

    unpacked: the bytes that it was unpacked to until that was known.
    """

    def __init__(self, trouble: Trouble, *, unpacked: int = 0) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.unpacked = unpacked


class TooManyEntriesError(ZipError):
    """The zip holds more than may be looked through."""


@dataclass(frozen=True)
class Entry:
    """A file or a folder in a zip: its name as its packer wrote it, and its path with slashes between the folders."""

    name: str
    path: PurePosixPath
    is_folder: bool
    info: zipfile.ZipInfo

    @property
    def trouble(self) -> Trouble | None:
        """Return what the directory alone tells against reading it."""
        if stat.S_ISLNK(self.info.external_attr >> 16):
            return Trouble.LINK
        if self.path.is_absolute() or ".." in self.path.parts or _is_drive(self.path.parts[0]):
            return Trouble.OUTSIDE
        if self.info.flag_bits & _ENCRYPTED:
            return Trouble.ENCRYPTED
        return None if self.info.compress_type in _BOUNDED else Trouble.PACKING


class Zip:
    """An open zip. `entries` are its files and folders in their order, without what systems leave behind unasked."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        infos = archive.infolist()
        spelling = spelling_of(_written(info) for info in infos if not info.flag_bits & _UTF8)
        entries = (_entry(info, spelling) for info in infos)
        self.entries = tuple(entry for entry in entries if entry.path.parts and not is_left_behind(entry.path))

    def read(self, entry: Entry, *, most_bytes: int) -> bytes:
        """Unpack an entry in memory, counting real bytes, whatever the zip says; raise EntryError if it cannot be."""
        if entry.trouble:
            raise EntryError(entry.trouble)
        out = io.BytesIO()
        try:
            with self._archive.open(entry.info) as packed:
                while out.tell() <= most_bytes and (chunk := packed.read(COPY_BYTES)):
                    out.write(chunk)
        except NotImplementedError as error:
            raise EntryError(Trouble.PACKING) from error
        except _DAMAGE as error:
            raise EntryError(Trouble.DAMAGED, unpacked=out.tell() + COPY_BYTES) from error
        if out.tell() > most_bytes:
            raise EntryError(Trouble.TOO_LARGE, unpacked=out.tell())
        return out.getvalue()


@contextmanager
def open_zip(file: Path | IO[bytes], *, most_entries: int | None = None) -> Iterator[Zip]:
    """Open a zip; raise ZipError if it is none or its directory is damaged, TooManyEntriesError beyond `most_entries`.

    A directory that is far too large for its entries is refused before it is held in memory.
    """
    with file.open("rb") if isinstance(file, Path) else _kept_open(file) as packed:
        bounded = _Bounded(packed, None if most_entries is None else max(most_entries * ENTRY_BYTES, END_BYTES))
        try:
            archive = zipfile.ZipFile(cast(IO[bytes], bounded))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise ZipError(str(error)) from error
        with archive:
            if most_entries is not None and len(archive.infolist()) > most_entries:
                raise TooManyEntriesError(f"it holds more than {most_entries} entries")
            yield Zip(archive)


@contextmanager
def _kept_open(file: IO[bytes]) -> Iterator[IO[bytes]]:
    yield file


class _Bounded:
    """A file of which no more than `limit` bytes are read at once."""

    def __init__(self, file: IO[bytes], limit: int | None) -> None:
        self._file = file
        self._limit = limit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        if self._limit is None:
            return self._file.read(size)
        data = self._file.read(min(size, self._limit + 1) if size >= 0 else self._limit + 1)
        if len(data) > self._limit:
            raise TooManyEntriesError("its directory is too large")
        return data


def is_left_behind(path: PurePosixPath) -> bool:
    """Return whether a file is what systems leave in folders and zips unasked."""
    return any(part.lower() in _SYSTEM_NAMES or part.startswith("._") for part in path.parts)


def _entry(info: zipfile.ZipInfo, spelling: Spelling) -> Entry:
    name = info.filename
    if not info.flag_bits & _UTF8:
        name = _unicode_path(info) or spelling.decode(_written(info))
    path = name.replace("\\", "/")
    return Entry(name, PurePosixPath(path), path.endswith("/"), info)


def _written(info: zipfile.ZipInfo) -> bytes:
    """Return the name of an entry without the flag of UTF-8, byte for byte; newer Pythons change `filename`."""
    return info.orig_filename.partition("\0")[0].encode("cp437")


def _unicode_path(info: zipfile.ZipInfo) -> str:
    """Return the name that an entry's extra fields repeat as UTF-8, if they do and it is of this very name."""
    extra, at = info.extra, 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _UNICODE_PATH and field[1:5] == struct.pack("<L", zlib.crc32(_written(info))):
            return field[5:].decode("utf-8", errors="replace")
    return ""


def _is_drive(part: str) -> bool:
    return len(part) == 2 and part[0].isalpha() and part[1] == ":"
