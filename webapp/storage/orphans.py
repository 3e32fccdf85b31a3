"""Files that no row names, such as those of a process that was killed between file and row.

An app says in its `AppConfig` which folders of the storage it keeps files in: `stored`, from a folder to the dotted
path of a function that returns those of some names that its rows have. `stored_briefly` is the same for files that get
their row at once, or never.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from django.apps import apps
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)

Named = Callable[[list[str]], Iterable[str]]
OLD = timedelta(hours=1)
"""A file younger than this may be waiting for its row."""
BRIEFLY = timedelta(seconds=30)
BATCH = 500


def delete_orphans() -> None:
    """Delete what has lain in storage for an hour and that no row names: a chore that the clock calls."""
    for folder, named in _folders("stored"):
        _delete_unnamed(folder, named, age=OLD)


def delete_brief_orphans() -> None:
    """Delete what should have had its row within seconds: a chore that the clock calls."""
    for folder, named in _folders("stored_briefly"):
        _delete_unnamed(folder, named, age=BRIEFLY)


def named_among(names: Sequence[str]) -> set[str]:
    """Return those of some names, of stored files or of folders that they lie in, that rows have."""
    kept: set[str] = set()
    for folder, named in _folders("stored"):
        if inside := [name for name in names if name.startswith(f"{folder}/")]:
            kept.update(named(inside))
    return kept


def delete_old(folder: Path, *, except_for: Callable[[], Iterable[str]]) -> None:
    """Delete what has lain in a folder on this machine for an hour, but for names that are asked for if need be."""
    old = [path for path in (folder.iterdir() if folder.is_dir() else ()) if age_seconds(path) > OLD.total_seconds()]
    kept = set(except_for()) if old else set()
    for path in old:
        if path.name not in kept:
            delete_path(path)


def delete_path(path: Path) -> None:
    """Delete a file or a folder on this machine; what is gone already is no error."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def age_seconds(path: Path) -> float:
    """Return the seconds since a path was written to; none where another process has just deleted it."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _folders(attribute: str) -> Iterator[tuple[str, Named]]:
    for config in apps.get_app_configs():
        for folder, path in getattr(config, attribute, {}).items():
            yield folder, import_string(path)


def _delete_unnamed(folder: str, named: Named, *, age: timedelta) -> None:
    """Delete files that are older and unnamed. Ages are asked last, for that may cost a request each."""
    names = list(_names_in(folder))
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        for name in set(batch).difference(named(batch)):
            if _is_older(name, age):
                default_storage.delete(name)
                logger.info("Deleted the orphan file %s.", name)


def _names_in(folder: str) -> Iterator[str]:
    """Yield the names of the files in a folder and below it."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{file}" for file in files)
    for subfolder in folders:
        yield from _names_in(f"{folder}/{subfolder}")


def _is_older(name: str, age: timedelta) -> bool:
    try:
        return default_storage.get_modified_time(name) < timezone.now() - age
    except FileNotFoundError:
        return False  # somebody else deleted it
