"""Runs as the command line names them and tells of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from mlcore.data.names import clean
from mlcore.documents import with_values
from webapp.checkpoints.models import Checkpoint
from webapp.core.errors import UserError
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun
from webapp.training.runs.beginnings import DEFAULT_KIND, DEFAULT_METHOD, document_of_start
from webapp.training.runs.settings import AnyRunConfig, checked, parsed


def named_run(*, name: str) -> TrainingRun:
    """Find a run by its id, or raise UserError."""
    try:
        return TrainingRun.objects.select_related("version__dataset").get(pk=uuid.UUID(name))
    except (ValueError, TrainingRun.DoesNotExist) as error:
        raise UserError("unknown_run", _("There is no run %(id)s.") % {"id": name}) from error


def named_version(*, name: str, number: int | None = None) -> DatasetVersion:
    """Find a version of a data set, the newest ready one where no number is given; raise UserError without one."""
    versions = DatasetVersion.objects.filter(dataset__name=clean(name)).order_by("-number")
    version = versions.filter(number=number).first() if number else versions.filter(status=JobStatus.READY).first()
    if version is None:
        message = _("There is no such version of a data set called %(name)s.") % {"name": name}
        raise UserError("unknown_dataset", message, field="dataset")
    return version


def settings_from_words(
    *,
    kind: str = "",
    transform: str = "",
    method: str = "",
    words: Iterable[str] = (),
    version: DatasetVersion | None = None,
    start_from: Checkpoint | None = None,
) -> AnyRunConfig:
    """Check settings that are given as texts, such as `training.steps=500`.

    What is not said is as in the checkpoint to start from, where there is one and its method stays; else it has the
    defaults of the kind and the data.
    """
    begun = document_of_start(start_from, method=method) if start_from else {}
    document: dict[str, Any] = {"kind": DEFAULT_KIND, "method": DEFAULT_METHOD, **begun}
    chosen = {"kind": kind, "transform": transform, "method": method}
    document |= {name: text for name, text in chosen.items() if text}
    method = document["method"]
    for word in words:
        name, sign, text = (part.strip() for part in word.partition("="))
        if not sign:
            message = _("%(text)s is no setting; write it as training.steps=500.") % {"text": word}
            raise UserError("bad_setting", message, field="settings")
        document = with_values(document, {name: parsed(name, text, method=method)})
    return checked(version=version, **document)


def plain_run(*, run: TrainingRun) -> dict[str, Any]:
    """Return how a run stands as plain values."""
    return {
        "run": str(run.pk),
        "name": run.name,
        "status": "paused" if run.is_paused else run.status,
        "sentence": run.status_sentence,
        "progress": run.progress,
        "attempt": run.attempt,
        "state_step": run.state_step,
        "latest": run.latest,
        "best": run.best,
        "checkpoint": run.checkpoint.name if run.checkpoint else None,
    }


def run_in_words(*, run: TrainingRun) -> str:
    """Return how a run stands in one line."""
    latest = run.latest
    numbers = [f"{name} {latest[key]:.4g}" for name, key in _SAID.items() if key in latest]
    return "  ".join([f"{run.percent:3d} %", run.state_name, *numbers, run.status_sentence])


_SAID = {"step": "step", "loss": "train_loss", "accuracy": "accuracy", "±": "ci95", "episodes/s": "episodes_per_second"}
