"""The page that lays runs and checkpoints side by side, and the way to it from their lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from webapp.checkpoints.models import Checkpoint
from webapp.training.comparison.comparison import compare
from webapp.training.models import TrainingRun


def lead_to(*, runs: Iterable[TrainingRun] = (), checkpoints: Iterable[Checkpoint] = ()) -> HttpResponse:
    """Lead to the page that compares these; for the actions of lists."""
    chosen = [("run", each.pk) for each in runs] + [("checkpoint", each.pk) for each in checkpoints]
    return redirect(f"{reverse('admin:checkpoints_checkpoint_compare')}?{urlencode(chosen)}")


@require_safe
def show(request: HttpRequest, site: dict[str, Any]) -> HttpResponse:
    """Compare the runs and checkpoints whose ids the address holds, without the sort that one may not see."""
    asked = {"training.%s_trainingrun": _ids(request, "run"), "checkpoints.%s_checkpoint": _ids(request, "checkpoint")}
    may = {name: _may_view(request, name) for name in asked}
    if not any(may.values()) or any(ids and not may[name] for name, ids in asked.items()):
        raise PermissionDenied
    runs = TrainingRun.objects.filter(pk__in=asked["training.%s_trainingrun"]).select_related(
        "checkpoint", "version__dataset"
    )
    checkpoints = Checkpoint.objects.filter(pk__in=asked["checkpoints.%s_checkpoint"])
    comparison = compare(
        runs=runs,
        checkpoints=checkpoints.select_related("training_run__version__dataset"),
        with_runs=may["training.%s_trainingrun"],
        with_checkpoints=may["checkpoints.%s_checkpoint"],
    )
    context = {**site, "title": _("Side by side"), "comparison": comparison}
    return render(request, "admin/training/comparison.html", context)


def _may_view(request: HttpRequest, name: str) -> bool:
    return any(request.user.has_perm(name % act) for act in ("view", "change"))


def _ids(request: HttpRequest, name: str) -> list[UUID]:
    """Read ids from the address; what is none is left out."""
    found = []
    for text in request.GET.getlist(name):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
