"""What staff do, written down: in the audit log, and in the history that the admin shows of each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.db.models import Model

from webapp.core import audit

Named: TypeAlias = Mapping[str, Model | int | str]


def note(*, by: User | None, row: Model, act: str, named: Named | None = None) -> None:
    """Record who did what to a row. What sweeps and schedules do is under who began them.

    Where that account is gone, or nobody was named, it is in the log alone.

    act: a sentence, with a placeholder for whatever somebody has named. named: what fills the placeholders: in the
    history by its name, in the log by its id, and there words are left out.
    """
    audit.record(user_id=by.pk if by else None, row=row, sentence=_filled(act, _ids(named)))
    if by is not None:
        LogEntry.objects.log_actions(by.pk, [row], CHANGE, change_message=_filled(act, named), single_object=True)


def _filled(act: str, named: Named | None) -> str:
    return act % named if named else act


def _ids(named: Named | None) -> Named:
    """Return what the log may say of what has a name."""
    words = {name: "…" for name, value in (named or {}).items() if isinstance(value, str)}
    rows = {name: str(value.pk) for name, value in (named or {}).items() if isinstance(value, Model)}
    return {**(named or {}), **rows, **words}
