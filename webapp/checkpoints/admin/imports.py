"""Staff take in checkpoints as zips, watch how that goes, and stop it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from unfold.widgets import UnfoldAdminFileFieldWidget

from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import CheckpointImport
from webapp.core.errors import UserError
from webapp.core.responses import STOP_POLLING
from webapp.core.staff.asking import who_asks
from webapp.core.staff.model_admin import ModelAdmin

IMPORT = "checkpoints.import_checkpoint"


class ZipForm(forms.Form):
    """Ask for a checkpoint's zip."""

    file = forms.FileField(label=gettext_lazy("The zip"), widget=UnfoldAdminFileFieldWidget({"accept": ".zip"}))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(IMPORT, raise_exception=True)
def take_in(request: HttpRequest, site: dict[str, Any]) -> HttpResponse:
    """Show the form for a checkpoint's zip, and start to take it in."""
    error = ""
    if request.method == "POST":
        try:
            row = checkpoints.import_checkpoint(file=request.FILES.get("file"), by=who_asks(request))
        except UserError as refused:
            error = refused.message
        else:
            return redirect("admin:checkpoints_checkpointimport_change", row.pk)
    context = {**site, "title": _("Import a checkpoint"), "error": error, "form": ZipForm()}
    return render(request, "admin/checkpoints/checkpoint/import.html", context, status=422 if error else 200)


@admin.register(CheckpointImport)
class CheckpointImportAdmin(ModelAdmin[CheckpointImport]):
    """What was sent to be taken in, and how that ended."""

    list_display = ["original_name", "status", "checkpoint", "created_by", "created"]
    list_filter = ["status"]
    list_select_related = ["checkpoint", "created_by"]
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Add what the page of an import asks for."""
        wrap = self.admin_site.admin_view
        ours = [
            path("<uuid:pk>/live/", wrap(require_safe(self.live_view)), name="checkpoints_checkpointimport_live"),
            path("<uuid:pk>/cancel/", wrap(require_POST(self.cancel_view)), name="checkpoints_checkpointimport_cancel"),
        ]
        return [*ours, *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: CheckpointImport | None = None) -> bool:
        """Return whether somebody may take in checkpoints."""
        return request.user.has_perm(IMPORT)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse to add here: the list of checkpoints leads to where a zip is sent."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: CheckpointImport | None = None) -> bool:
        """Refuse to change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CheckpointImport | None = None) -> bool:
        """Refuse to delete: it is written down who took in what."""
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show how an import stands."""
        row = self._visible(request, object_id)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": str(row), "row": row}
        return render(request, "admin/checkpoints/checkpointimport/page.html", context)

    def live_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Show the part of the page that changes, until the import is over."""
        row = self._visible(request, pk)
        status = 200 if row.is_active else STOP_POLLING
        return render(request, "admin/checkpoints/checkpointimport/_live.html", {"row": row}, status=status)

    def cancel_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Stop to take in a zip."""
        row = self._visible(request, pk)
        try:
            checkpoints.cancel_import(row=row, by=who_asks(request))
        except UserError as error:
            messages.error(request, error.message)
        return redirect("admin:checkpoints_checkpointimport_change", row.pk)

    def _visible(self, request: HttpRequest, pk: str) -> CheckpointImport:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(CheckpointImport.objects.select_related("checkpoint", "created_by"), pk=pk)
