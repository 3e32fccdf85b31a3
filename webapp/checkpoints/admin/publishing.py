"""What staff do with a checkpoint: each view asks for the permission, makes one call, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webapp.checkpoints import cards
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.judging import TOLERANCE
from webapp.checkpoints.models import Checkpoint, Publication
from webapp.core.errors import UserError
from webapp.core.responses import STOP_POLLING
from webapp.core.staff.asking import who_asks

PUBLISH = "checkpoints.publish_checkpoint"
VIEW = "checkpoints.view_checkpoint"
View = Callable[..., HttpResponse]
may_publish = permission_required(PUBLISH, raise_exception=True)
may_view = permission_required(VIEW, raise_exception=True)


def page_context(request: HttpRequest, checkpoint: Checkpoint | None) -> dict[str, Any]:
    """Return what the page of one checkpoint shows; nothing where there is none."""
    if checkpoint is None:
        return {}
    return {
        "card": None if checkpoint.is_damaged else cards.readable(checkpoint.card),
        "publications": Publication.objects.filter(checkpoint=checkpoint).select_related("by", "replaced"),
        "may_publish": request.user.has_perm(PUBLISH),
        **_gate_context(request, checkpoint),
    }


def _gate_context(request: HttpRequest, checkpoint: Checkpoint) -> dict[str, Any]:
    undone = Publication.objects.to_undo(checkpoint.kind) if checkpoint.live else None
    return {
        "checkpoint": checkpoint,
        "gate": checkpoints.gate_of(checkpoint=checkpoint),
        "goes_back_to": undone.replaced if undone else None,
        "tolerance": f"{TOLERANCE * 100:g}",
        "least_words": checkpoints.LEAST_WORDS,
        "reason": request.session.get(_typed(checkpoint), ""),
        "may_publish": request.user.has_perm(PUBLISH),
    }


def in_words(act: Callable[[HttpRequest, Checkpoint], None]) -> View:
    """Show what is refused on the page of the checkpoint, where it can be mended."""

    @wraps(act)
    def guarded(request: HttpRequest, site: dict[str, Any], checkpoint_id: UUID) -> HttpResponse:
        try:
            act(request, get_object_or_404(Checkpoint, pk=checkpoint_id))
        except UserError as error:
            messages.error(request, error.message)
        return redirect("admin:checkpoints_checkpoint_change", checkpoint_id)

    return guarded


@require_safe
@may_view
def gate(request: HttpRequest, site: dict[str, Any], checkpoint_id: UUID) -> HttpResponse:
    """Show how an evaluation goes; once it is over, end the polling."""
    context = _gate_context(request, get_object_or_404(Checkpoint, pk=checkpoint_id))
    evaluation = context["gate"].evaluation
    status = 200 if evaluation and evaluation.is_active else STOP_POLLING
    return render(request, "admin/checkpoints/checkpoint/_gate.html", context, status=status)


@require_POST
@may_publish
@in_words
def measure(request: HttpRequest, checkpoint: Checkpoint) -> None:
    """Start to measure a checkpoint against the live one."""
    checkpoints.measure(checkpoint=checkpoint, by=who_asks(request))


@require_POST
@may_publish
@in_words
def stop(request: HttpRequest, checkpoint: Checkpoint) -> None:
    """Stop the evaluation that is under way."""
    checkpoints.stop_measuring(checkpoint=checkpoint, by=who_asks(request))


@require_POST
@may_publish
@in_words
def publish(request: HttpRequest, checkpoint: Checkpoint) -> None:
    reason, instead_of = request.POST.get("reason", ""), request.POST.get("instead_of")
    request.session[_typed(checkpoint)] = reason  # so that nobody types it again after a refusal
    checkpoints.publish(checkpoint=checkpoint, by=who_asks(request), reason=reason, instead_of=instead_of)
    del request.session[_typed(checkpoint)]
    messages.success(request, _("%(name)s is live: new classifiers stand on it.") % {"name": checkpoint.name})


@require_POST
@may_publish
@in_words
def roll_back(request: HttpRequest, checkpoint: Checkpoint) -> None:
    """Bring back what a checkpoint replaced."""
    done = checkpoints.roll_back(kind=checkpoint.kind, by=who_asks(request), instead_of=request.POST.get("instead_of"))
    messages.success(request, _("%(name)s is live again.") % {"name": done.checkpoint.name})


@require_safe
@may_view
def give_out(request: HttpRequest, site: dict[str, Any], checkpoint_id: UUID) -> HttpResponse | FileResponse:
    """Send a checkpoint as one zip."""
    checkpoint = get_object_or_404(Checkpoint, pk=checkpoint_id)
    try:
        file = checkpoints.export_checkpoint(checkpoint=checkpoint, by=who_asks(request))
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:checkpoints_checkpoint_change", checkpoint_id)
    return FileResponse(file, as_attachment=True, filename=f"{checkpoint.name}.zip", content_type="application/zip")


def _typed(checkpoint: Checkpoint) -> str:
    """Name where the session keeps the reason that was typed for a checkpoint, until it is published."""
    return f"reason to publish {checkpoint.pk}"
