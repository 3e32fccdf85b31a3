"""The page that lays runs and checkpoints side by side, and the way to it from their lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from webapp.checkpoints.models import Checkpoint
from webapp.training.models import TrainingRun
from webapp.training.runs.comparison.comparison import compare


def lead_to(*, runs: Iterable[TrainingRun]) -> HttpResponse:
    """Redirect to the page that compares these; for the action of their list. The list of checkpoints has its own."""
    chosen = [("run", run.pk) for run in runs]
    return redirect(f"{reverse('admin:training_comparison')}?{urlencode(chosen)}")


@require_safe
def show(request: HttpRequest, site: dict[str, Any]) -> HttpResponse:
    """Compare the runs and checkpoints whose ids the address holds, without the sort that one may not see."""
    run_ids, checkpoint_ids = _ids(request, "run"), _ids(request, "checkpoint")
    sees_runs, sees_checkpoints = _may_view(request, TrainingRun), _may_view(request, Checkpoint)
    hidden = (run_ids and not sees_runs) or (checkpoint_ids and not sees_checkpoints)
    if hidden or not (sees_runs or sees_checkpoints):
        raise PermissionDenied
    checkpoints = Checkpoint.objects.filter(pk__in=checkpoint_ids)
    comparison = compare(
        runs=TrainingRun.objects.filter(pk__in=run_ids).select_related("checkpoint", "version__dataset"),
        checkpoints=checkpoints.select_related("training_run__version__dataset"),
        with_runs=sees_runs,
        with_checkpoints=sees_checkpoints,
    )
    context = {**site, "title": _("Side by side"), "comparison": comparison}
    return render(request, "admin/training/comparison.html", context)


def _may_view(request: HttpRequest, model: type[Model]) -> bool:
    label, name = model._meta.app_label, model._meta.model_name
    return any(request.user.has_perm(f"{label}.{act}_{name}") for act in ("view", "change"))


def _ids(request: HttpRequest, name: str) -> list[UUID]:
    """Read ids from the address; what is none is left out."""
    ids = []
    for text in request.GET.getlist(name):
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return ids
