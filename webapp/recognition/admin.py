"""Staff see how much there is and how large it is, never what people's pictures show or how they named things."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from webapp.core.staff.model_admin import ModelAdmin
from webapp.recognition.models import Classifier, Prediction, SupportSet, ZipImport


class ReadOnlyAdmin(ModelAdmin[Any]):
    """A list to look at: nothing is added or changed here, and deleting belongs to owners and retention."""

    list_display_links = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse to open a row: its fields hold what people wrote."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SupportSet)
class SupportSetAdmin(ReadOnlyAdmin):
    """Counts and sizes of support sets."""

    list_display = ["id", "owner", "created", "n_classes", "n_images", "size"]
    list_select_related = ["owner"]
    list_filter = ["created"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SupportSet]:
        """Annotate support sets with what the list shows: classes, pictures, bytes."""
        return SupportSet.objects.annotate(
            n_classes=Count("classes", distinct=True),
            n_images=Count("classes__images", distinct=True),
            total=Sum("classes__images__bytes"),
        )

    @admin.display(description=_("classes"), ordering="n_classes")
    def n_classes(self, row: Any) -> int:
        return int(row.n_classes)

    @admin.display(description=_("pictures"), ordering="n_images")
    def n_images(self, row: Any) -> int:
        return int(row.n_images)

    @admin.display(description=_("size"), ordering="total")
    def size(self, row: Any) -> str:
        """Return what the pictures take."""
        return filesizeformat(row.total or 0)


@admin.register(Classifier)
class ClassifierAdmin(ReadOnlyAdmin):
    """How learning goes."""

    list_display = ["id", "owner", "status", "checkpoint", "n_images", "seconds", "device", "created", "error_code"]
    list_filter = ["status", "checkpoint", "created"]
    list_select_related = ["owner", "checkpoint"]


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """How answering goes."""

    list_display = ["id", "owner", "status", "seconds", "created", "error_code"]
    list_filter = ["status", "created"]
    list_select_related = ["owner"]


@admin.register(ZipImport)
class ZipImportAdmin(ReadOnlyAdmin):
    """How imports go."""

    list_display = ["id", "status", "accepted", "bytes", "created", "error_code"]
    list_filter = ["status", "created"]
