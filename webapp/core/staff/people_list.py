"""Lists of what people make, for staff: counts and ids, and never what somebody wrote or what a picture shows."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext as _

from webapp.core.rows.stored_json import Damage
from webapp.core.staff.model_admin import ModelAdmin

M = TypeVar("M", bound=Model)


class PeopleListAdmin(ModelAdmin[M]):
    """A list to look at, and nothing behind it.

    Right to view or not, there is no address at which a row could be opened, changed, deleted or its history read. Rows
    go with the account of whoever they belong to: to delete a user, staff need the right to do that alone.
    """

    list_display_links = None
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Keep the list alone: on its page, a row would show every field that it has."""
        listing = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [pattern for pattern in super().get_urls() if pattern.name == listing]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filters that the list shows: any other field could be read letter by letter with `__startswith`."""
        is_shown = lookup.partition("__")[0] in self.get_list_filter(request)
        return is_shown and super().lookup_allowed(lookup, value, request)

    def damage_in_words(self, row: M, damage: Damage) -> str:
        """Return the sentence without the row's name, and without the reason, which quotes what somebody wrote."""
        values = {"id": row.pk, "field": damage.field, "remedy": damage.remedy}
        return _("%(id)s: Damaged: its %(field)s cannot be shown. %(remedy)s") % values

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse to add: such a row comes into being by what people do."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether somebody may delete users, with whom their rows go; the list itself deletes nothing."""
        return request.user.has_perm("auth.delete_user")
