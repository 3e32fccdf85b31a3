"""Staff see that owners exist, and nothing of what they made."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from webapp.accounts.models import Owner


@admin.register(Owner)
class OwnerAdmin(admin.ModelAdmin[Owner]):
    """Users and guests who made something."""

    list_display = ["id", "user", "created", "last_seen"]
    list_filter = ["created"]
    list_select_related = ["user"]
    list_display_links = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse to add: an owner comes into being by making something."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Owner | None = None) -> bool:
        """Refuse to change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Owner | None = None) -> bool:
        """Refuse to delete here: deleting the user does it, files included."""
        return False
