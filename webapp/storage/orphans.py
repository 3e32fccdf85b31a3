"""Files in storage that no row names, such as those of a process that was killed between file and row."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone

logger = logging.getLogger(__name__)

OLD = timedelta(hours=1)
"""A file younger than this may be waiting for its row."""
BATCH = 500


def delete_unnamed(folder: str, named: Callable[[list[str]], Iterable[str]], *, old: timedelta | None = None) -> None:
    """Delete what has lain in a folder of the storage for a while and that no row names.

    named: gives those of some names that rows have. Ages are asked of the others alone, for that may cost a request
    each. old: how long a while is, if not `OLD`.
    """
    names = list(_names_in(folder))
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        for name in set(batch).difference(named(batch)):
            if _is_older(name, OLD if old is None else old):
                default_storage.delete(name)
                logger.info("Deleted the orphan file %s.", name)


def _names_in(folder: str) -> Iterator[str]:
    """Yield the names of the files in a folder and below it."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{file}" for file in files)
    for each in folders:
        yield from _names_in(f"{folder}/{each}")


def _is_older(name: str, age: timedelta) -> bool:
    try:
        return default_storage.get_modified_time(name) < timezone.now() - age
    except FileNotFoundError:
        return False  # somebody else deleted it
