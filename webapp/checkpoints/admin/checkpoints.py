"""Staff look at checkpoints and their cards, measure, publish, roll back, take in and give out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from webapp.checkpoints import cards, deletion
from webapp.checkpoints.admin import imports, publishing
from webapp.checkpoints.models import Checkpoint
from webapp.core.staff.deletion_page import DeletingAdmin


@admin.register(Checkpoint)
class CheckpointAdmin(DeletingAdmin[Checkpoint]):
    """What can be learned with, and which one is live."""

    deletion = deletion
    list_display = ["name", "kind", "method", "accuracy", "live", "created"]
    list_filter = ["kind", "live"]
    search_fields = ["name"]
    actions = ["compare"]
    change_form_template = "admin/checkpoints/checkpoint/page.html"
    change_list_template = "admin/checkpoints/checkpoint/list.html"

    def get_urls(self) -> list[URLPattern]:
        """Add a page for each thing that can be done."""
        pages = {"import/": imports.take_in}
        acts = {
            "gate": publishing.gate,
            "measure": publishing.measure,
            "stop": publishing.stop,
            "publish": publishing.publish,
            "roll-back": publishing.roll_back,
            "export": publishing.give_out,
        }
        added = {**pages, **{f"<uuid:checkpoint_id>/{act}/": view for act, view in acts.items()}}
        named = [
            path(route, self._view(view), name=f"checkpoints_checkpoint_{route.split('/')[-2].replace('-', '_')}")
            for route, view in added.items()
        ]
        return [*named, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one checkpoint with its card, its gate and what can be done."""
        row = self.get_object(request, object_id)
        shown = {**publishing.page_context(request, row), "may_delete": self.has_delete_permission(request, row)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    @admin.display(description=_("accuracy"))
    def accuracy(self, row: Checkpoint) -> str:
        """Return the accuracy on validation classes."""
        if row.is_damaged:
            return str(_("damaged"))
        validation = cards.validation_of(row.card)
        return cards.in_percent(*validation) if validation else "–"

    @admin.action(description=_("Compare side by side"), permissions=["view"])
    def compare(self, request: HttpRequest, queryset: QuerySet[Checkpoint]) -> HttpResponse:
        """Redirect to the page that compares what is selected."""
        chosen = [("checkpoint", checkpoint.pk) for checkpoint in queryset]
        return redirect(f"{reverse('admin:training_comparison')}?{urlencode(chosen)}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse to add by hand: a checkpoint comes from a file that was measured."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Checkpoint | None = None) -> bool:
        """Refuse to change: what is known of weights never changes."""
        return False

    def _view(self, view: Any) -> Any:
        """Wrap a view, so that it is for staff alone and gets what every page of the admin shows."""

        def within(request: HttpRequest, **arguments: UUID) -> HttpResponse:
            response: HttpResponse = view(request, self.admin_site.each_context(request), **arguments)
            return response

        return self.admin_site.admin_view(within)
