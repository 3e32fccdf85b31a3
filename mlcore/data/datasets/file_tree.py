"""FileTree: the files of a folder or of a zip, read by their path inside it. A zip is never extracted."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from mlcore.data.zips.reader import Entry, EntryError, Trouble, Zip, is_left_behind, open_zip
from mlcore.errors import DatasetError, ZipError

MAX_FILE_BYTES = 64 * 2**20  # what one file inside a zip may unpack to
_REASONS = {
    Trouble.DAMAGED: "it is damaged; pack it again, or copy the zip again",
    Trouble.ENCRYPTED: "it is encrypted; pack it again without a password",
    Trouble.PACKING: "it is packed in a way that cannot be read; pack it again as a plain zip",
}


class UnreadableFile(DatasetError):
    """One file of a folder or a zip cannot be read, for a reason that says nothing of the others."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file} cannot be read: {reason}.")
        self.reason = reason


class FileTree(Protocol):
    """Files by their posix path relative to the tree's root; hidden files are not listed.

    files, folders: all paths, sorted. `read` raises UnreadableFile for one that cannot be read.
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
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(open_zip(path))
        except (ZipError, OSError) as error:
            raise DatasetError(f"{path} cannot be read as a zip file ({error}); copy or download it again.") from error
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
            raise UnreadableFile(str(self.path / file), f"{error.strerror}") from error


class _Zip:
    """A zip whose entries are unpacked in memory one by one, within MAX_FILE_BYTES; the last of one path counts."""

    def __init__(self, path: Path, archive: Zip) -> None:
        self.path = path
        self._archive = archive
        entries = [entry for entry in archive.entries if not _is_hidden(entry.path)]
        for entry in entries:
            self._refuse_unsafe(entry)
        self._entries = {str(entry.path): entry for entry in entries if not entry.is_folder}
        self.files = tuple(sorted(self._entries))
        parents = {str(parent) for file in self.files for parent in PurePosixPath(file).parents} - {"."}
        self.folders = tuple(sorted(parents | {str(entry.path) for entry in entries if entry.is_folder}))

    def _refuse_unsafe(self, entry: Entry) -> None:
        if entry.trouble in (Trouble.LINK, Trouble.OUTSIDE):
            raise DatasetError(f"{self.path} holds {entry.name!r}, which leads out of it; pack the folder anew.")

    def read(self, file: str) -> bytes:
        try:
            return self._archive.read(self._entries[file], most_bytes=MAX_FILE_BYTES)
        except EntryError as error:
            reason = _REASONS.get(error.trouble, f"it unpacks to more than {MAX_FILE_BYTES // 2**20} MB")
            raise UnreadableFile(f"{file} in {self.path}", reason) from error


def _walk(root: Path) -> Iterator[tuple[str, bool]]:
    """Yield (relative posix path, whether it is a folder) of all that is not hidden, each real folder once."""
    seen = {os.path.realpath(root)}
    for here, folders, files in os.walk(root, followlinks=True):
        real = {name: os.path.realpath(Path(here) / name) for name in folders if not _is_hidden(PurePosixPath(name))}
        folders[:] = [name for name, target in real.items() if target not in seen]
        seen.update(real.values())
        relative = Path(here).relative_to(root)
        yield from (((relative / name).as_posix(), True) for name in folders)
        yield from (((relative / name).as_posix(), False) for name in files if not _is_hidden(PurePosixPath(name)))


def _is_hidden(path: PurePosixPath) -> bool:
    return is_left_behind(path) or any(part[0] == "." and part != ".." for part in path.parts)
