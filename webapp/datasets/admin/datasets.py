"""Staff make data sets, ingest versions of them, and look at what these hold."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from webapp.core.staff.deletion_page import DeletingAdmin
from webapp.datasets import deletion
from webapp.datasets.admin import pages
from webapp.datasets.admin.tables import version_context
from webapp.datasets.models import Dataset, DatasetVersion


class _LookedAt(DeletingAdmin[Any]):
    """Rows that are made by the views of `pages`, and never changed by a form."""

    deletion = deletion

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: versions never change, and a data set is what its versions are."""
        return False

    def within(self, view: pages.View) -> Any:
        """Wrap a view, so that it is handed what every page of the admin shows."""

        def shown(request: HttpRequest, **named: UUID) -> HttpResponseBase:
            return view(request, self.admin_site.each_context(request), **named)

        return shown


@admin.register(Dataset)
class DatasetAdmin(_LookedAt):
    """Collections of classes that can be trained on."""

    list_display = ["name", "source", "n_versions", "newest", "created"]
    list_filter = ["source"]
    search_fields = ["name"]
    change_form_template = "admin/datasets/dataset/page.html"

    def get_urls(self) -> list[URLPattern]:
        """Replace the usual page by ones that take uploads of any allowed size."""
        # These views look at who asks, and at the token, by themselves: before a byte of the body is read.
        add, version = (csrf_exempt(self.within(view)) for view in (pages.add, pages.add_version))
        return [
            path("add/", add, name="datasets_dataset_add"),
            path("<uuid:dataset_id>/version/", version, name="datasets_dataset_version"),
            *super().get_urls(),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether somebody may delete the data set and its versions."""
        return super().has_delete_permission(request, obj) and request.user.has_perm("datasets.delete_datasetversion")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dataset]:
        """Count the versions."""
        versions = DatasetVersion.objects.defer("classes", "report")  # long, and not shown here
        return Dataset.objects.annotate(n=Count("versions")).prefetch_related(Prefetch("versions", versions))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one data set with its versions."""
        dataset = self.get_object(request, object_id)
        may_add = request.user.has_perm("datasets.add_datasetversion")
        may_delete = self.has_delete_permission(request, dataset)
        trainable = dataset.versions.trainable().order_by("-number").first() if dataset else None
        shown = {"trainable": trainable, "dataset": dataset, "may_add_version": may_add, "may_delete": may_delete}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    @admin.display(description=_("versions"), ordering="n")
    def n_versions(self, row: Any) -> int:
        """Count the versions."""
        return int(row.n)

    @admin.display(description=_("newest"))
    def newest(self, row: Dataset) -> str:
        """Return how the newest version stands."""
        newest = max(row.versions.all(), key=lambda version: version.number, default=None)
        return f"v{newest.number}, {newest.state_name}" if newest else "–"


@admin.register(DatasetVersion)
class DatasetVersionAdmin(_LookedAt):
    """What data sets held when they were ingested."""

    list_display = ["__str__", "state", "n_classes", "n_pictures", "complete", "created"]
    list_filter = ["status", "incomplete", "dataset"]
    list_select_related = ["dataset"]
    change_form_template = "admin/datasets/dataset/version.html"

    def get_urls(self) -> list[URLPattern]:
        """Add a page for each thing that can be done."""
        views = {name: getattr(pages, name) for name in ("state", "ingest", "discard", "cancel", "sheet")}
        added = [
            path(
                f"<uuid:version_id>/{act}/",
                self.admin_site.admin_view(self.within(view)),
                name=f"datasets_datasetversion_{act}",
            )
            for act, view in views.items()
        ]
        return [*added, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one version: how it stands, what it holds, what was refused."""
        version = self.get_object(request, object_id)
        shown = version_context(version) if isinstance(version, DatasetVersion) else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetVersion]:
        """Defer what is long and shown on the page of a version alone."""
        return super().get_queryset(request).defer("classes", "report")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse to add by hand: a version is added on the page of its data set."""
        return False

    @admin.display(description=_("status"), ordering="status")
    def state(self, row: DatasetVersion) -> str:
        """Name its state."""
        return row.state_name

    @admin.display(description=_("complete"), boolean=True)
    def complete(self, row: DatasetVersion) -> bool:
        """Return whether nothing was taken out of it since."""
        return not row.gap
