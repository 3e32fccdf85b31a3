"""Staff see how much there is and how large it is, never what people's pictures show or how they named things."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from webapp.core.staff.people_list import PeopleListAdmin
from webapp.recognition.models import Classifier, Prediction, SupportSet, ZipImport


@admin.register(SupportSet)
class SupportSetAdmin(PeopleListAdmin[SupportSet]):
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
class ClassifierAdmin(PeopleListAdmin[Classifier]):
    """How learning goes."""

    list_display = ["id", "owner", "status", "checkpoint", "n_images", "seconds", "device", "created", "error_code"]
    list_filter = ["status", "checkpoint", "created"]
    list_select_related = ["owner"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Classifier]:
        """Read each checkpoint once, whose card is long, however many classifiers stand on it."""
        return super().get_queryset(request).prefetch_related("checkpoint")


@admin.register(Prediction)
class PredictionAdmin(PeopleListAdmin[Prediction]):
    """How answering goes."""

    list_display = ["id", "owner", "status", "seconds", "created", "error_code"]
    list_filter = ["status", "created"]
    list_select_related = ["owner"]


@admin.register(ZipImport)
class ZipImportAdmin(PeopleListAdmin[ZipImport]):
    """How imports go."""

    list_display = ["id", "status", "accepted", "bytes", "created", "error_code"]
    list_filter = ["status", "created"]
