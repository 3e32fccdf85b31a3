"""Copies on this machine of what a storage keeps elsewhere: whole or not there, those not used for longest go first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from webapp.storage import orphans

IN_USE_SECONDS = 3600
"""What was asked for so recently may be about to be read."""
PART = ".part"


def root() -> Path:
    """Return the folder of copies."""
    return Path(settings.DATA_DIR) / "cache"


def copy_of(name: str, fetch: Callable[[Path], None]) -> Path:
    """Return the copy of what is stored under a name, fetched to the path that `fetch` is given unless it is here.

    What is stored never changes, for it gets another name; so a copy stays good.
    """
    target = root() / name
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_name(f"{uuid4().hex}{PART}")
        try:
            fetch(part)
            _put(part, target)
        finally:
            orphans.delete_path(part)
        _bound(target)
    os.utime(target)
    return target


def forget(name: str) -> None:
    """Delete the copy of what is stored under a name, if there is one."""
    orphans.delete_path(root() / name)


def all_copies() -> Iterator[Path]:
    """Yield every copy, and what is being fetched."""
    yield from root().glob("*/*")


def delete_orphans() -> None:
    """Delete copies of what is not stored any more, at once: people may have taken pictures back.

    A chore of each worker, for it may be the only one on this machine.
    """
    present = {copy.relative_to(root()).as_posix(): copy for copy in all_copies()}  # before the rows are asked
    kept = orphans.named_among(list(present))
    for name, copy in present.items():
        if name not in kept and (copy.suffix != PART or orphans.age_seconds(copy) > IN_USE_SECONDS):
            forget(name)


def _put(part: Path, target: Path) -> None:
    """Let a copy appear whole, unless another process was quicker."""
    try:
        part.replace(target)
    except OSError:
        if not target.exists():
            raise


def _bound(newest: Path) -> None:
    """Delete the copies that were not used for longest until all fit the limit."""
    sizes = {copy: _bytes(copy) for copy in all_copies()}
    used = {copy: _last_used(copy) for copy in sizes if copy != newest}
    for copy in sorted(used, key=used.__getitem__):
        too_much = sum(sizes.values()) > settings.GLIMPSE_LIMITS["copies_bytes"]
        if not too_much or used[copy] > time.time() - IN_USE_SECONDS:
            return
        orphans.delete_path(copy)
        del sizes[copy]


def _last_used(copy: Path) -> float:
    """Return when a copy was used; now, where another process has just deleted it."""
    try:
        return copy.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _bytes(copy: Path) -> int:
    """Return the bytes of a copy, as far as it is there."""
    size = 0
    for path in [copy, *copy.rglob("*")]:
        with suppress(FileNotFoundError):
            size += path.stat().st_size if path.is_file() else 0
    return size
