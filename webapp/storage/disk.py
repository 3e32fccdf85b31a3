"""The disk of the data folder: where runs work on it, and how much room there is left."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from webapp.core.errors import Refusal, UserError

FULL = (errno.ENOSPC, errno.EDQUOT)


def free_bytes() -> int:
    """Return what may still be written, less what stays free for everybody else."""
    Path(settings.DATA_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)  # on a machine that only works
    return shutil.disk_usage(settings.DATA_DIR).free - settings.GLIMPSE_LIMITS["free_disk_bytes"]


def full_sentence(needed: int) -> str:
    """Return how much room is missing, and what helps."""
    missing = max(1, (needed - free_bytes()) // 2**20)
    return _("The disk is too full: %(n)d MB are missing. Delete something, then try again.") % {"n": missing}


def require_room(needed: int) -> None:
    """Raise UserError if there is no room for so many bytes."""
    if free_bytes() < needed:
        raise UserError("storage_full", full_sentence(needed))


def keep_room(needed: int = 1) -> None:
    """Raise a Refusal, which ends a job in its words, if the disk fills up meanwhile."""
    if free_bytes() < needed:
        raise Refusal("storage_full", full_sentence(needed))


def require_room_for_uploads(*, of_guest: bool) -> None:
    """Raise a Refusal while the disk is too full for what people upload; guests stop first."""
    free, reserve = free_bytes(), settings.GLIMPSE_LIMITS["free_disk_bytes_of_guests"] if of_guest else 0
    if free >= reserve:
        return
    if of_guest and free >= 0:
        raise Refusal(
            "disk_full", _("This site is nearly full, so it takes nothing without an account. Sign up first.")
        )
    raise Refusal("disk_full", _("The disk of this site is full, so it takes no uploads. Try again later."))


@contextmanager
def full_disk_in_words() -> Iterator[None]:
    """Raise a Refusal if the block finds the disk full."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise Refusal("storage_full", full_sentence(1)) from error
