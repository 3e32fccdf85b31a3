"""Register checkpoints, and find the one that a person means."""

from __future__ import annotations

import uuid

from django.db import transaction

from mlcore.model_card import ModelCard, pretrained_cards
from webapp.training.models import Checkpoint


def find_checkpoint(*, name: str) -> Checkpoint | None:
    """Find a checkpoint by its kind (the live one), its exact name or its id, in this order."""
    live = Checkpoint.objects.live().filter(kind=name).first()
    found = live or Checkpoint.objects.filter(name=name).first()
    if found is None and (number := _uuid(name)):
        found = Checkpoint.objects.filter(pk=number).first()
    return found


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def valid_names() -> list[str]:
    """List what ``find_checkpoint`` finds: kinds with a live checkpoint first, then exact names."""
    kinds = Checkpoint.objects.live().order_by("kind").values_list("kind", flat=True)
    names = Checkpoint.objects.order_by("name").values_list("name", flat=True)
    return list(dict.fromkeys([*kinds, *names]))


@transaction.atomic
def sync_shipped() -> list[Checkpoint]:
    """Register the checkpoints that ship with the project; one goes live where its kind has none live of its own."""
    return [_register(folder=folder, card=card) for folder, card in pretrained_cards().items()]


def _register(*, folder: str, card: ModelCard) -> Checkpoint:
    """Register one shipped checkpoint. New weights get a row of their own, so old classifiers keep their card."""
    known = Checkpoint.objects.filter(folder=folder, digest=card.digest).first()
    if known is None:
        Checkpoint.objects.filter(name=card.name).update(name=_retired_name(card.name), live=False)
        known = Checkpoint(folder=folder, digest=card.digest)
    others_live = Checkpoint.objects.live().filter(kind=card.kind).exclude(pk=known.pk).exists()
    known.name, known.kind, known.card = card.name, card.kind, card.to_dict()
    known.live = known.live or not others_live
    known.save()
    return known


def _retired_name(name: str) -> str:
    """Give the name under which a checkpoint whose files were replaced stays in the table."""
    return f"{name[:80]}-{uuid.uuid4().hex[:8]}"
