"""What staff do with data sets: each view asks for the permission, makes one call, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.core.errors import UserError
from webapp.core.responses import STOP_POLLING
from webapp.core.staff.asking import who_asks
from webapp.datasets import services as datasets
from webapp.datasets.admin.form import IngestForm
from webapp.datasets.admin.tables import version_context
from webapp.datasets.models import Dataset, DatasetVersion, Source

View = Callable[..., HttpResponseBase]


def takes_large_uploads(permission: str) -> Callable[[View], View]:
    """Check who asks before a byte of the body is read, and stream what is uploaded to disk, never to memory."""

    def decorate(view: View) -> View:
        protected = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            if not (request.user.is_active and request.user.is_staff):
                return redirect_to_login(request.get_full_path(), "admin:login")
            if not request.user.has_perm(permission):
                raise PermissionDenied
            request.upload_handlers = [TemporaryFileUploadHandler(request)]
            return protected(request, *arguments, **named)

        return guarded

    return decorate


@takes_large_uploads("datasets.add_dataset")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, site: dict[str, Any]) -> HttpResponse:
    """Show the form of what to ingest, and start."""
    source = request.GET.get("source", Source.UPLOAD)
    if source not in Source.values:
        raise Http404
    form = IngestForm(request.POST or None, request.FILES or None, source=source, is_new=True)
    if request.method == "POST" and form.is_valid():
        values = {"name": form.cleaned_data["name"], "source": source, "by": who_asks(request)}
        made = _started(form, lambda: datasets.create_dataset(**values, material=form.material()))
        if made:
            return redirect("admin:datasets_datasetversion_change", made.pk)
    context = {**site, "title": _("Add a data set"), "form": form, "source": source, "sources": Source.choices}
    return render(request, "admin/datasets/dataset/ingest.html", context)


@takes_large_uploads("datasets.add_datasetversion")
@require_http_methods(["GET", "HEAD", "POST"])
def add_version(request: HttpRequest, site: dict[str, Any], dataset_id: UUID) -> HttpResponse:
    """Show the form of what a data set holds now, and start to ingest it."""
    dataset = get_object_or_404(Dataset, pk=dataset_id)
    form = IngestForm(request.POST or None, request.FILES or None, source=dataset.source, is_new=False)
    if request.method == "POST" and form.is_valid():
        by = who_asks(request)
        made = _started(form, lambda: datasets.add_version(dataset=dataset, material=form.material(), by=by))
        if made:
            return redirect("admin:datasets_datasetversion_change", made.pk)
    title = _("New version of %(name)s") % {"name": dataset}
    return render(request, "admin/datasets/dataset/ingest.html", {**site, "title": title, "form": form})


def _started(form: IngestForm, start: Callable[[], DatasetVersion]) -> DatasetVersion | None:
    """Start, or show why that cannot be at the field that it is about."""
    try:
        return start()
    except UserError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None


@require_POST
@permission_required("datasets.add_datasetversion", raise_exception=True)
def ingest(request: HttpRequest, site: dict[str, Any], version_id: UUID) -> HttpResponse:
    """Start to ingest a version whose classes were shown."""
    return _acted(request, version_id, datasets.ingest_waiting)


@require_POST
@permission_required("datasets.add_datasetversion", raise_exception=True)
def discard(request: HttpRequest, site: dict[str, Any], version_id: UUID) -> HttpResponse:
    """Delete a version whose classes were shown, and go back to where another zip can be sent."""
    version = get_object_or_404(DatasetVersion.objects.select_related("dataset"), pk=version_id)
    try:
        datasets.discard(version=version, by=who_asks(request))
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:datasets_datasetversion_change", version_id)
    messages.success(request, _("Nothing was ingested, and the zip is deleted."))
    if Dataset.objects.filter(pk=version.dataset_id).exists():
        return redirect("admin:datasets_dataset_version", version.dataset_id)
    return redirect("admin:datasets_dataset_add")


@require_POST
@permission_required("datasets.change_datasetversion", raise_exception=True)
def cancel(request: HttpRequest, site: dict[str, Any], version_id: UUID) -> HttpResponse:
    """Stop to ingest a version."""
    return _acted(request, version_id, datasets.cancel_version)


def _acted(request: HttpRequest, version_id: UUID, act: Callable[..., object]) -> HttpResponse:
    """Do something to a version, or say why not, and show it."""
    version = get_object_or_404(DatasetVersion, pk=version_id)
    try:
        act(version=version, by=who_asks(request))
    except UserError as error:
        messages.error(request, error.message)
    return redirect("admin:datasets_datasetversion_change", version_id)


@require_safe
@permission_required("datasets.view_datasetversion", raise_exception=True)
def state(request: HttpRequest, site: dict[str, Any], version_id: UUID) -> HttpResponse:
    """Show how a version stands, as the page asks again and again until it is over."""
    version = get_object_or_404(DatasetVersion.objects.select_related("dataset", "created_by"), pk=version_id)
    context = {**site, **version_context(version)}
    status = 200 if version.is_active else STOP_POLLING
    return render(request, "admin/datasets/dataset/_version.html", context, status=status)


@require_safe
@permission_required("datasets.view_datasetversion", raise_exception=True)
def sheet(request: HttpRequest, site: dict[str, Any], version_id: UUID) -> HttpResponseBase:
    """Send the contact sheet."""
    version = get_object_or_404(DatasetVersion, pk=version_id)
    try:
        file = version.contact_sheet.open("rb")
    except (ValueError, FileNotFoundError) as error:
        raise Http404 from error
    response = FileResponse(file, content_type="image/jpeg")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, max-age=60"
    return response
