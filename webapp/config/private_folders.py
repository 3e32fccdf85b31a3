"""The folders that Glimpse keeps to itself: nobody else on the machine reads what lies there, or lays anything in it.

Standard library only, for `settings.py` asks here before it reads the secret key.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

UMASK = 0o077
WRITABLE = 0o022
KEPT = ("run", "secret-key", "glimpse.sqlite3", "glimpse.sqlite3-wal", "glimpse.sqlite3-shm")
"""What programs trust in a data folder: none of these may have been laid there by somebody else."""
SIGNS = ("run", "secret-key", "glimpse.sqlite3", "cache", "media", "staging")
"""What some program of the site makes in its data folder: a worker on a machine of its own has a cache alone."""


def close_data_folder(folder: Path, *, usual: bool) -> None:
    """Keep everybody else out of the data folder and of whatever this process makes, or end with a sentence.

    A folder of ours that others may only read is closed: that takes it from nobody who was meant to have it. Where they
    may write, what lies in it may be theirs; where it is no folder of Glimpse's, closing it could break what it is.
    usual: whether it is the folder that Glimpse has where none is named.
    """
    os.umask(UMASK)
    if not folder.exists():
        return  # whoever needs it makes it
    _require_folder_of_ours(folder, "set GLIMPSE_DATA_DIR to a folder of your own, or run Glimpse as its owner")
    if mode := _open_to_others(folder):
        is_empty = not any(folder.iterdir())
        if mode & WRITABLE and not is_empty:
            sys.exit(
                f"Others on this machine may write to the data folder {folder}, so what lies in it may not be yours: "
                f"look through it, then type `chmod 700 {folder}`."
            )
        if not (usual or is_empty or any((folder / name).exists() for name in SIGNS)):
            sys.exit(
                f"Others on this machine may read {folder}, which holds other things than Glimpse's: "
                f"type `chmod 700 {folder}`, or set GLIMPSE_DATA_DIR to a folder of its own."
            )
        _close(folder, 0o700)
        sys.stderr.write(f"Others on this machine could read the data folder {folder} until now: it is closed.\n")
    for name in KEPT:
        _close_kept(folder / name)


def socket_path(data: Path) -> Path:
    """Return where the embedded Valkey listens: the data folder, unless that path is too long for a socket."""
    path = data / "run" / "valkey.sock"
    if len(os.fsencode(path)) < 100:
        return path
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"glimpse-{name}" / "valkey.sock"


def require_private(folder: Path) -> None:
    """End with a sentence if a folder is there that somebody else prepared, or may enter."""
    if not os.path.lexists(folder):
        return
    _require_folder_of_ours(folder, "delete it, or have its owner do so, then start again")
    if _open_to_others(folder):
        sys.exit(f"Others on this machine may enter {folder}: type `chmod 700 {folder}`, then start again.")


def make_private(folder: Path) -> None:
    """Make a folder for us alone, or end with a sentence if one is there that is not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    require_private(folder)


def _require_folder_of_ours(folder: Path, remedy: str) -> None:
    about = folder.lstat()
    if stat.S_ISLNK(about.st_mode):
        sys.exit(f"{folder} is a link, which may lead to where others read along: {remedy}.")
    if not stat.S_ISDIR(about.st_mode):
        sys.exit(f"{folder} is not a folder: {remedy}.")
    if about.st_uid != os.geteuid():
        sys.exit(f"{folder} belongs to another user of this machine, who could read and change all in it: {remedy}.")


def _close_kept(path: Path) -> None:
    """Close what a data folder holds; end with a sentence if somebody else laid it there."""
    with suppress(FileNotFoundError):  # a database that is closed takes its -wal and its -shm with it
        if path.lstat().st_uid != os.geteuid():
            sys.exit(
                f"{path} belongs to another user of this machine, who may have laid it there: "
                "look at it, then delete it."
            )
        if mode := _open_to_others(path):
            _close(path, stat.S_IMODE(path.stat().st_mode) & ~mode)


def _close(path: Path, mode: int) -> None:
    """Set a mode that lets nobody else in; end with a sentence where that does nothing, as on CIFS and vfat."""
    with suppress(PermissionError):
        path.chmod(mode)
    if _open_to_others(path):
        sys.exit(
            f"Others on this machine may read {path}, and this file system keeps no modes: "
            "choose another, and set GLIMPSE_DATA_DIR to a folder there."
        )


def _open_to_others(path: Path) -> int:
    """Return those bits of a path's mode that let others in."""
    return stat.S_IMODE(path.stat().st_mode) & UMASK
