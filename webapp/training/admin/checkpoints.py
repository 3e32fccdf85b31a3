"""Staff look at checkpoints and their cards."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from webapp.model_admin import ModelAdmin
from webapp.training.models import Checkpoint


@admin.register(Checkpoint)
class CheckpointAdmin(ModelAdmin[Checkpoint]):
    """What can be learned with, and which one is live."""

    list_display = ["name", "kind", "method", "live", "created"]
    list_filter = ["kind", "live"]
    search_fields = ["name"]
    readonly_fields = ["id", "name", "kind", "folder", "card", "digest", "live", "created"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse to add by hand: a checkpoint comes from a file that was measured."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Checkpoint | None = None) -> bool:
        """Refuse to delete: classifiers stand on it."""
        return False
