"""Checkpoints: what a classifier can stand on."""

from __future__ import annotations

from django.db.models import QuerySet
from ninja import Router
from ninja.pagination import paginate

from webapp.api.auth import READ, ApiRequest
from webapp.api.errors import responses
from webapp.api.pagination import Pages
from webapp.api.schemas.checkpoints import CheckpointOut
from webapp.checkpoints.models import Checkpoint

router = Router(tags=["Checkpoints"])


@router.get("", auth=READ, response={200: list[CheckpointOut], **responses(422)})
@paginate(Pages)
def list_checkpoints(request: ApiRequest) -> QuerySet[Checkpoint]:
    """List the published checkpoints with their cards; the live one of each kind comes first."""
    return Checkpoint.objects.offered()
