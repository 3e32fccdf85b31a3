"""The audit log of publishing, and the benchmarks that the gate measures by."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Field, ForeignKey
from django.forms import ChoiceField, ModelChoiceField
from django.forms import Field as FormField
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from webapp.checkpoints import cards
from webapp.checkpoints.models import Benchmark, Checkpoint, Publication
from webapp.core.rows.stored_json import Damaged
from webapp.core.staff.model_admin import ModelAdmin
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import JobStatus


@admin.register(Publication)
class PublicationAdmin(ModelAdmin[Publication]):
    """What went live when, by whom and on what grounds: to look at, never to change."""

    list_display = ["at", "kind", "act", "checkpoint", "replaced", "by", "gate_passed", "reason"]
    list_filter = ["kind", "act", "at"]
    list_select_related = ["checkpoint", "replaced", "by"]
    change_form_template = "admin/checkpoints/publication/page.html"

    @admin.display(description=_("gate passed"), boolean=True)
    def gate_passed(self, row: Publication) -> bool | None:
        """Return whether the gate let it pass; nothing where it was not asked."""
        passed: bool | None = row.gate.get("passed")
        return passed

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one change of what is live, with the card as it was."""
        row = self.get_object(request, object_id)
        card = {"card": cards.readable(row.card)} if row and not isinstance(row.card, Damaged) else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **card})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Publication | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Publication | None = None) -> bool:
        return False


@admin.register(Benchmark)
class BenchmarkAdmin(ModelAdmin[Benchmark]):
    """By what every checkpoint of a kind is measured."""

    list_display = ["kind", "version", "n_way", "k_shot", "n_query", "episodes", "seed"]
    list_select_related = ["version__dataset"]

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> FormField | None:
        """Offer the kinds that there are checkpoints of."""
        if db_field.name == "kind":
            kinds = Checkpoint.objects.of_pictures().order_by("kind").values_list("kind", flat=True).distinct()
            choices = [(kind, kind) for kind in kinds]
            return ChoiceField(
                label=db_field.verbose_name.capitalize(), choices=choices, widget=UnfoldAdminSelectWidget
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer the versions that are ready."""
        if db_field.name == "version":
            kwargs["queryset"] = DatasetVersion.objects.filter(status=JobStatus.READY, deleted=None).select_related(
                "dataset"
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
