"""Publish a checkpoint, and roll back: one transaction with its line in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.checkpoints.models import Act, Checkpoint, Publication
from webapp.checkpoints.services.gate import Gate, gate_of
from webapp.checkpoints.services.registry import find_checkpoint
from webapp.core.errors import UserError
from webapp.core.rows.stored_json import require_sound
from webapp.core.staff import history

LEAST_WORDS = 3
"""A reason shorter than this says nothing to those who read it later."""


@transaction.atomic
def publish(*, checkpoint: Checkpoint, by: User, reason: str = "", instead_of: str | None = None) -> Publication:
    """Make a checkpoint the live one of its kind, if the gate lets it or a written reason overrides the gate.

    ``instead_of`` is the name of what the person saw live ("" for nothing): if something else has gone live since, they
    are told. Raise UserError for this, and for whatever else keeps it from going live.
    """
    live = _lock(checkpoint.kind)
    checkpoint.refresh_from_db()
    _require_unchanged(live, instead_of)
    _require_publishable(checkpoint)
    gate, reason = gate_of(checkpoint=checkpoint), reason.strip()
    _require_gate(gate, reason)
    _go_live(checkpoint)
    publication = Publication.objects.create(
        kind=checkpoint.kind,
        act=Act.PUBLISH,
        checkpoint=checkpoint,
        replaced=live,
        by=by,
        gate=gate.to_dict(),
        reason="" if gate.passed else reason,
        card=checkpoint.card,
    )
    history.note(by=by, row=publication.checkpoint, act="Published.")
    return publication


@transaction.atomic
def roll_back(*, kind: str, by: User, instead_of: str | None = None) -> Publication:
    """Bring back what the latest publication of a kind replaced; a second time, what the one before it replaced."""
    live = _lock(kind)
    _require_unchanged(live, instead_of)
    undone = Publication.objects.to_undo(kind)
    if undone is None or undone.replaced is None:
        message = _("There is nothing to go back to: no publication of the kind “%(kind)s” replaced anything.")
        raise UserError("nothing_to_roll_back", message % {"kind": kind})
    _require_publishable(undone.replaced)
    _go_live(undone.replaced)
    publication = Publication.objects.create(
        kind=kind,
        act=Act.ROLL_BACK,
        checkpoint=undone.replaced,
        replaced=live,
        by=by,
        undoes=undone,
        card=undone.replaced.card,
    )
    history.note(by=by, row=publication.checkpoint, act="Brought back by rolling back.")
    return publication


def named_checkpoint(*, name: str) -> Checkpoint:
    """Return a checkpoint by its exact name or its id; raise UserError if there is none."""
    everything = Checkpoint.objects.all()
    checkpoint = everything.filter(name=name).first() or find_checkpoint(name=name, among=everything)
    if checkpoint is None:
        raise UserError("unknown_checkpoint", _("There is no checkpoint “%(name)s”.") % {"name": name[:100]})
    return checkpoint


def plain(*, publication: Publication) -> dict[str, Any]:
    """Return what happened as plain values, for programs."""
    return {
        "act": publication.act,
        "kind": publication.kind,
        "live": publication.checkpoint.name,
        "replaced": publication.replaced.name if publication.replaced else None,
        "gate_passed": publication.gate.get("passed"),
        "reason": publication.reason,
        "at": publication.at.isoformat(),
    }


def successor(*, checkpoint: Checkpoint, since: datetime) -> Checkpoint | None:
    """Return the live one of a checkpoint's kind if it took this one's place after a moment, or None."""
    live = Checkpoint.objects.live().filter(kind=checkpoint.kind).exclude(pk=checkpoint.pk).first()
    was_replaced = Publication.objects.filter(replaced=checkpoint, at__gte=since).exists()
    return live if was_replaced else None


def _lock(kind: str) -> Checkpoint | None:
    """Hold every checkpoint of a kind until the transaction ends, so that people publish one after the other."""
    rows = Checkpoint.objects.select_for_update().filter(kind=kind).order_by("pk")
    return next((row for row in list(rows) if row.live), None)


def _require_unchanged(live: Checkpoint | None, instead_of: str | None) -> None:
    """Raise UserError if what is live is not what the person saw."""
    name = live.name if live else ""
    if instead_of is not None and instead_of != name:
        message = _("Somebody else was quicker: %(name)s is live now. Look at it, and decide again.")
        raise UserError("changed_meanwhile", message % {"name": name or _("nothing")})


def _require_publishable(checkpoint: Checkpoint) -> None:
    """Raise UserError if a checkpoint is live already, or cannot be served."""
    require_sound(checkpoint)
    if not checkpoint.can_go_live:
        message = _("%(name)s embeds faces: it can be measured, and is never published.")
    elif checkpoint.live:
        message = _("%(name)s is live already.")
    elif checkpoint.is_replaced or not checkpoint.is_there:
        message = _("The files of %(name)s are not here any more, so nothing could stand on it.")
    else:
        return
    raise UserError("not_publishable", message % {"name": checkpoint.name})


def _require_gate(gate: Gate, reason: str) -> None:
    """Raise UserError unless the gate passed or there is a reason in words."""
    if not gate.passed and len(reason.split()) < LEAST_WORDS:
        message = _("The gate did not pass. To publish all the same, write why, in %(n)d words or more; it is kept.")
        raise UserError("gate_not_passed", message % {"n": LEAST_WORDS}, field="reason")


def _go_live(checkpoint: Checkpoint) -> None:
    """Take the place of what is live: one kind never has two."""
    Checkpoint.objects.live().filter(kind=checkpoint.kind).update(live=False)
    Checkpoint.objects.filter(pk=checkpoint.pk).update(live=True)
    checkpoint.live = True
