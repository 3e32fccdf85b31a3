"""The page that says what goes and what stays before staff delete something, and then does it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.core.staff.asking import who_asks
from webapp.core.staff.model_admin import ModelAdmin

M = TypeVar("M", bound=Model)


class DeletingAdmin(ModelAdmin[M]):
    """Rows that are deleted one at a time, by those who may, once they have read what that means."""

    deletion: ModuleType
    """The `deletion` of its app, which plans and deletes."""

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., str], str, str] | None]:
        """Leave out the action that deletes what is selected without a word."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show what would go and what would stay, and delete it when asked to."""
        row: Any = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        if request.method == "POST":
            try:
                self.deletion.delete(row=row, by=who_asks(request))
            except UserError as error:
                messages.error(request, error.message)
            else:
                messages.success(request, _("%(name)s is deleted.") % {"name": row})
                return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        shown = {"row": row, "opts": self.opts, "deletion": self.deletion.deletion_of(row)}
        title = _("Delete %(name)s?") % {"name": row}
        return render(request, "admin/delete.html", {**self.admin_site.each_context(request), **shown, "title": title})
