"""Who did what when: each act of staff as a line of the admin's own log."""

from __future__ import annotations

import logging

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models

logger = logging.getLogger(__name__)


def note(*, by: User | None, what: models.Model, act: str, added: bool = False) -> None:
    """Write the line; what a command does for nobody in particular goes to the log of the process alone."""
    logger.info("%s %s: %s, by %s", what._meta.verbose_name, what.pk, act, by.pk if by else "the command line")
    if by is not None:
        LogEntry.objects.create(
            user=by,
            content_type=ContentType.objects.get_for_model(what),
            object_id=str(what.pk),
            object_repr=str(what)[:200],
            action_flag=ADDITION if added else CHANGE,
            change_message=act,
        )
