"""What would go and what would stay if staff deleted a row, why that may not be, and the deleting.

An app plans the deletion of its own rows in its `deletion.py`. What stands on these rows, in an app above, is remarked
on by that app: `remark_on`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.contrib.admin.utils import model_ngettext
from django.contrib.auth.models import User
from django.db import router, transaction
from django.db.models import Model, ProtectedError
from django.db.models.deletion import Collector
from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.core.staff import history

M = TypeVar("M", bound=Model)


@dataclass(kw_only=True)
class Deletion:
    """What goes, what stays, and what forbids it; each a sentence or a name."""

    goes: list[str] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)

    def add(self, other: Deletion, *, prefix: str = "") -> None:
        """Take in what another deletion means, each sentence behind a prefix."""
        for name in ("goes", "stays", "forbidden"):
            getattr(self, name).extend(f"{prefix}{sentence}" for sentence in getattr(other, name))


Plan = Callable[[M], Deletion]
_remarks: dict[type[Model], list[Plan[Any]]] = defaultdict(list)


def remark_on(model: type[M]) -> Callable[[Plan[M]], Plan[M]]:
    """Register a function of an app above that returns what deleting a row of a model means to it."""

    def register(plan: Plan[M]) -> Plan[M]:
        _remarks[model].append(plan)
        return plan

    return register


def add_remarks(deletion: Deletion, row: Model) -> None:
    """Add the remarks of the apps above on a row."""
    for plan in _remarks[type(row)]:
        deletion.add(plan(row))


@transaction.atomic
def delete_row(*, row: M, by: User | None, plan: Plan[M], remove: Callable[[M], None]) -> None:
    """Delete a row as planned; raise UserError, with the reasons, where that may not be."""
    locked = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
    if locked is None:
        raise UserError("already_gone", _("Somebody else has deleted it already."))
    if reasons := plan(locked).forbidden:
        raise UserError("not_deletable", " ".join(reasons))
    history.note(by=by, row=locked, act=_("Deleted."))
    remove(locked)


def needed_by(row: Model) -> list[Model]:
    """Return the rows that could not do without a row, as the tables say."""
    try:
        Collector(using=router.db_for_write(type(row)), origin=row).collect([row])
    except ProtectedError as error:
        return list(error.protected_objects)
    return []


def counted(rows: Iterable[Model]) -> str:
    """Return how many rows there are of each kind, in words."""
    counts = Counter(type(row) for row in rows)
    return ", ".join(f"{n} {model_ngettext(model._meta, n)}" for model, n in counts.items())


def listed(rows: Iterable[Model]) -> str:
    """Return the names of rows with commas between."""
    return ", ".join(str(row) for row in rows)
