"""Send people their own pictures, and nobody else's."""

from __future__ import annotations

from pathlib import PurePosixPath
from uuid import UUID

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from mlcore.data.picture_formats import mime_type_of
from webapp.accounts.requests import OwnedRequest
from webapp.recognition.models import Query, SupportImage

POLICY = "default-src 'none'; sandbox"
DAY = 86_400


@require_safe
def picture(request: OwnedRequest, image_id: UUID) -> HttpResponseBase:
    """Send a support picture of the owner."""
    return _send(get_object_or_404(SupportImage.objects.owned_by(request.owner), pk=image_id).file)


@require_safe
def thumbnail(request: OwnedRequest, image_id: UUID) -> HttpResponseBase:
    """Send the thumbnail of a support picture of the owner."""
    return _send(get_object_or_404(SupportImage.objects.owned_by(request.owner), pk=image_id).thumbnail)


@require_safe
def query_picture(request: OwnedRequest, query_id: UUID) -> HttpResponseBase:
    """Send a query picture of the owner."""
    return _send(get_object_or_404(Query.objects.owned_by(request.owner), pk=query_id).file)


@require_safe
def query_thumbnail(request: OwnedRequest, query_id: UUID) -> HttpResponseBase:
    """Send the thumbnail of a query picture of the owner."""
    return _send(get_object_or_404(Query.objects.owned_by(request.owner), pk=query_id).thumbnail)


def _send(field: FieldFile) -> HttpResponseBase:
    """Send a stored file as what we made it: a picture, and nothing that a browser could take for anything else."""
    if not field:
        raise Http404
    try:
        file = field.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(file, content_type=mime_type_of(PurePosixPath(field.name or "").suffix))
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = f"private, max-age={DAY}, immutable"
    response.headers["Vary"] = "Cookie"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
