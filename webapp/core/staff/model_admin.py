"""The `ModelAdmin` that every admin of the project derives from: unfold's, with the types of Django's, and audited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from webapp.core import audit
from webapp.core.rows.stored_json import Damage, damage_of

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as UnfoldAdmin
    from django.contrib.admin.models import LogEntry
else:
    from unfold.admin import ModelAdmin as UnfoldAdmin

M = TypeVar("M", bound=Model)


class ModelAdmin(UnfoldAdmin[M]):
    """Writes to the audit log what the admin's own pages add, change and delete, beside the admin's history of it.

    Its lists say which of their rows are damaged.
    """

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list, and say above it what is damaged of its rows, which stand in it with what is sound."""
        listed = super().get_changelist_instance(request)
        for row in listed.result_list:
            for damage in damage_of(row):
                messages.warning(request, self.damage_in_words(row, damage))
        return listed

    def damage_in_words(self, row: M, damage: Damage) -> str:
        """Return the sentence about a damaged row of the list."""
        return _("%(row)s: %(damage)s") % {"row": row, "damage": damage.sentence}

    def log_addition(self, request: HttpRequest, obj: M, message: Any) -> LogEntry:
        """Record the addition in the audit log, too."""
        audit.record(user_id=request.user.pk, row=obj, sentence="Added.")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: M, message: Any) -> LogEntry:
        """Record the change in the audit log, too."""
        audit.record(user_id=request.user.pk, row=obj, sentence="Changed.")
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[M]) -> list[LogEntry]:
        """Record the deletions in the audit log, too."""
        for row in queryset:
            audit.record(user_id=request.user.pk, row=row, sentence="Deleted.")
        return super().log_deletions(request, queryset)
