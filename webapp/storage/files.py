"""Files that come and go with their rows."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.core.files.storage import default_storage
from django.db import transaction

from webapp.storage.addresses import StorageDown

logger = logging.getLogger(__name__)


def delete_files(names: Iterable[str | None]) -> None:
    """Delete files; those that are gone already are no error.

    While the storage does not answer they stay, until the clock deletes what no row names.
    """
    try:
        for name in filter(None, names):
            default_storage.delete(name)
    except StorageDown:
        logger.warning("Files that no row names any more are left for the clock to delete.")


def delete_after_commit(names: Iterable[str | None]) -> None:
    """Delete files once the rows that named them are gone for good."""
    doomed = [name for name in names if name]
    transaction.on_commit(lambda: delete_files(doomed))


@contextmanager
def deleted_on_failure(names: Iterable[str | None]) -> Iterator[None]:
    """Delete the files again if the block that makes their rows fails."""
    try:
        yield
    except BaseException:
        delete_files(names)
        raise
