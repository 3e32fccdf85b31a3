"""The audit log: who of staff did what, when and to which row, in ids."""

from __future__ import annotations

import logging

from django.db.models import Model

logger = logging.getLogger(__name__)


def record(*, user_id: int | None, row: Model, sentence: str) -> None:
    """Write a line of the audit log; `sentence` says without names what was done."""
    by = f"user {user_id}" if user_id else "nobody signed in"
    logger.info("%s %s: %s By %s.", row._meta.verbose_name, row.pk, sentence, by)
