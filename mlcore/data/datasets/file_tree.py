"""FileTree: the files of a folder or of a zip, read by their path inside it. A zip is never extracted."""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from mlcore.errors import DatasetError

MAX_FILE_BYTES = 64 * 2**20  # what one file inside a zip may unpack to
_SYSTEM_NAMES = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})  # what file managers leave behind


class FileTree(Protocol):
    """Files by their posix path relative to the tree's root; hidden files are not listed.

    files, folders: all paths, sorted. `read` raises DatasetError for a file that cannot be read.
    """

    path: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]

    def read(self, file: str) -> bytes:
        """Return the bytes of one file."""
        ...


@contextmanager
def open_tree(path: Path) -> Iterator[FileTree]:
    """Open a folder or a zip; raise DatasetError if it is neither."""
    if path.is_dir():
        yield _Folder(path)
        return
    if not path.is_file():
        raise DatasetError(f"{path} does not exist; expected a folder or a zip file there.")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise DatasetError(f"{path} cannot be read as a zip file ({error}); copy or download it again.") from error
    with archive:
        yield _Zip(path, archive)


class _Folder:
    """A folder on disk; links are followed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        entries = sorted(_walk(path))
        self.files = tuple(name for name, is_folder in entries if not is_folder)
        self.folders = tuple(name for name, is_folder in entries if is_folder)

    def read(self, file: str) -> bytes:
        try:
            return (self.path / file).read_bytes()
        except OSError as error:
            raise DatasetError(f"{self.path / file} cannot be read: {error.strerror}.") from error


class _Zip:
    """A zip whose entries are unpacked in memory one by one, each within MAX_FILE_BYTES."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        entries = [entry for entry in archive.infolist() if not _is_hidden(entry.filename)]
        for entry in entries:
            self._refuse_unsafe(entry)
        self.files = tuple(sorted(entry.filename for entry in entries if not entry.is_dir()))
        parents = {str(parent) for file in self.files for parent in PurePosixPath(file).parents} - {"."}
        self.folders = tuple(sorted(parents | {entry.filename.rstrip("/") for entry in entries if entry.is_dir()}))

    def _refuse_unsafe(self, entry: zipfile.ZipInfo) -> None:
        name = PurePosixPath(entry.filename)
        if name.is_absolute() or ".." in name.parts or stat.S_ISLNK(entry.external_attr >> 16):
            raise DatasetError(f"{self.path} holds {entry.filename!r}, which leads out of it; pack the folder anew.")

    def read(self, file: str) -> bytes:
        try:
            with self._archive.open(file) as entry:
                data = entry.read(MAX_FILE_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
            raise DatasetError(f"{file} in {self.path} cannot be read ({error}); copy the zip again.") from error
        if len(data) > MAX_FILE_BYTES:
            raise DatasetError(f"{file} in {self.path} unpacks to more than {MAX_FILE_BYTES // 2**20} MB.")
        return data


def _walk(root: Path) -> Iterator[tuple[str, bool]]:
    """Yield (relative posix path, whether it is a folder) of all that is not hidden, each real folder once."""
    seen = {os.path.realpath(root)}
    for here, folders, files in os.walk(root, followlinks=True):
        real = {name: os.path.realpath(Path(here) / name) for name in folders if not _is_hidden(name)}
        folders[:] = [name for name, target in real.items() if target not in seen]
        seen.update(real.values())
        relative = Path(here).relative_to(root)
        yield from (((relative / name).as_posix(), True) for name in folders)
        yield from (((relative / name).as_posix(), False) for name in files if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return any(part in _SYSTEM_NAMES or (part[0] == "." and part != "..") for part in PurePosixPath(name).parts)
