"""What staff do, written down: in the log, and in the history that the admin shows of each row."""

from __future__ import annotations

import logging

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.db.models import Model

logger = logging.getLogger(__name__)


def note(*, by: User | None, row: Model, act: str) -> None:
    """Write down who did what to a row; `act` is a sentence. What sweeps and schedules do is under who began them.

    Where that account is gone, or nobody was named, it is in the log alone.
    """
    logger.info("%s %s: %s By %s.", row._meta.verbose_name, row.pk, act, f"user {by.pk}" if by else "nobody signed in")
    if by is not None:
        LogEntry.objects.log_actions(by.pk, [row], CHANGE, change_message=act, single_object=True)
