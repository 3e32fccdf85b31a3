"""Register checkpoints, and find the one that a person means."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import QuerySet

from mlcore.checkpoints.card import ModelCard, pretrained_cards
from webapp.checkpoints.models import Checkpoint, CheckpointQuerySet
from webapp.checkpoints.shown_settings import ShownSetting, shown


def find_checkpoint(*, name: str, among: CheckpointQuerySet | None = None) -> Checkpoint | None:
    """Find a checkpoint by its kind (the live one), its exact name or its id, in this order.

    among: those that are looked at; by default, those that people may choose.
    """
    rows = Checkpoint.objects.offered() if among is None else among
    checkpoint = rows.live().filter(kind=name).first() or rows.filter(name=name).first()
    if checkpoint is None and (number := _uuid(name)):
        checkpoint = rows.filter(pk=number).first()
    return checkpoint


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def method_settings(*, checkpoint: Checkpoint) -> list[ShownSetting]:
    """Return the settings of a checkpoint's method in words."""
    return shown(checkpoint.method, {"method_config": checkpoint.card["config"]})


def valid_names() -> list[str]:
    """List what ``find_checkpoint`` finds: kinds with a live checkpoint first, then exact names."""
    kinds = Checkpoint.objects.live().order_by("kind").values_list("kind", flat=True)
    names = Checkpoint.objects.offered().order_by("name").values_list("name", flat=True)
    return list(dict.fromkeys([*kinds, *names]))


@transaction.atomic
def sync_shipped() -> list[Checkpoint]:
    """Register the checkpoints that ship with the project.

    The one whose folder has its kind's name goes live where nothing of that kind is; the others wait to be chosen.
    """
    return [_register(folder=folder, card=card) for folder, card in pretrained_cards().items()]


def _register(*, folder: str, card: ModelCard) -> Checkpoint:
    """Register one shipped checkpoint. New weights get a row of their own, so old classifiers keep their card."""
    known = Checkpoint.objects.filter(folder=folder, digest=card.digest).first()
    known = known or Checkpoint(folder=folder, digest=card.digest)
    was_live = _retire(Checkpoint.objects.filter(name=card.name).exclude(pk=known.pk))
    known.name, known.kind, known.card = card.name, card.kind, card.to_dict()
    if folder == card.kind or was_live:
        known.live = known.live or not Checkpoint.objects.live().filter(kind=card.kind).exclude(pk=known.pk).exists()
    known.save()
    return known


def _retire(replaced: QuerySet[Checkpoint]) -> bool:
    """Take the name from a checkpoint whose files were replaced, and return whether it was live."""
    was_live = replaced.filter(live=True).exists()
    for row in replaced:
        row.name, row.live = _retired_name(row.name), False
        row.save(update_fields=["name", "live"])
    return was_live


def _retired_name(name: str) -> str:
    """Return the name under which a checkpoint whose files were replaced stays in the table."""
    return f"{name[:80]}-{uuid.uuid4().hex[:8]}"
