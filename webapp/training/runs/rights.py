"""Rows that are nothing but runs: who may do what with runs may do it with them."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest

from webapp.core.staff.model_admin import ModelAdmin

M = TypeVar("M", bound=Model)


class AsRunsAdmin(ModelAdmin[M]):
    """People look, add and change as they may with runs; deleting has a page of its own."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether somebody may look at runs."""
        return any(request.user.has_perm(f"training.{act}_trainingrun") for act in ("view", "change"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may start runs."""
        return request.user.has_perm("training.add_trainingrun")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether somebody may stop, pause and resume runs."""
        return request.user.has_perm("training.change_trainingrun")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse Django's own page, which would neither keep nor write down what is to be."""
        return False
