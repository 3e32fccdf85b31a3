"""Pictures that people let the models be improved with: taken out of every version as soon as they say so."""

from __future__ import annotations

import logging
import shutil
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from webapp.checkpoints.models import Checkpoint, Evaluation
from webapp.core.staff import history
from webapp.datasets.ingesting.contact_sheets import sheet_of
from webapp.datasets.ingesting.sources import zip_rewritten
from webapp.datasets.models import Contribution, DatasetVersion
from webapp.datasets.stored_datasets import delete_stored, store, store_staged
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.jobs.staging import all_staging
from webapp.training.models import RunEstimate, TrainingRun

logger = logging.getLogger(__name__)


def withdraw(*, contributions: QuerySet[Contribution]) -> None:
    """Remove pictures from every stored version, and mark these versions incomplete."""
    affected = contributions.order_by().values_list("version", flat=True).distinct()
    for version in DatasetVersion.objects.filter(pk__in=list(affected)):
        _withdraw_from(version, list(contributions.filter(version=version)))


def published_learners(*, version: DatasetVersion) -> QuerySet[Checkpoint]:
    """Find the published checkpoints that learned from a version, or started from one that had."""
    ended = TrainingRun.objects.filter(checkpoint__isnull=False).order_by()
    learned: set[Any] = set()
    checkpoints = set(ended.filter(version=version).values_list("checkpoint", flat=True))
    while checkpoints - learned:
        learned |= checkpoints
        checkpoints = set(ended.filter(start_from__in=learned).values_list("checkpoint", flat=True))
    return Checkpoint.objects.filter(pk__in=learned, publications__isnull=False).distinct()


def _withdraw_from(version: DatasetVersion, doomed: list[Contribution]) -> None:
    """Replace the archive by one without these pictures, unless somebody else did so meanwhile."""
    old = [version.archive.name, version.contact_sheet.name]
    fields = _without(version, {contribution.path for contribution in doomed})
    with transaction.atomic():
        same = DatasetVersion.objects.filter(pk=version.pk, archive=version.archive.name or "")
        replaced = bool(same.update(incomplete=True, **fields))
        if replaced:
            Contribution.objects.filter(pk__in=[contribution.pk for contribution in doomed]).delete()
            _stop_learning(version)
            act = _("Pictures were withdrawn by their owners: %(n)d.") % {"n": len(doomed)}
            transaction.on_commit(lambda: history.note(by=None, row=version, act=act))
    delete_stored(old if replaced else [fields["archive"], fields["contact_sheet"]])


def _stop_learning(version: DatasetVersion) -> None:
    """Fail whatever holds a version's pictures in memory, or is about to: its process ends with its lease."""
    message = _("Pictures were withdrawn by their owners, so this was stopped.")
    holders: list[Job] = [
        *TrainingRun.objects.filter(version=version).active(),
        *RunEstimate.objects.filter(version=version).active(),
        *Evaluation.objects.filter(version=version).active(),
    ]
    for job in holders:
        jobs.fail(job, code="pictures_withdrawn", message=message)


def _without(version: DatasetVersion, doomed: set[str]) -> dict[str, Any]:
    """Store what is left of a version; nothing is, where there is no room to put it together or it is gone."""
    folder = all_staging() / f"withdrawal-{uuid4().hex}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        return _left(version, doomed, folder / "left.zip")
    except (OSError, zipfile.BadZipFile):
        logger.exception("The archive of version %s could not be put together without withdrawn pictures.", version.pk)
        return {"archive": "", "contact_sheet": "", "classes": [], "n_classes": 0, "n_pictures": 0, "report": {}}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _left(version: DatasetVersion, doomed: set[str], left: Path) -> dict[str, Any]:
    """Copy the archive without the withdrawn pictures, and return the fields of what it holds now."""
    with version.archive.open("rb") as file, zipfile.ZipFile(file) as source, zipfile.ZipFile(left, "w") as target:
        zip_rewritten(source, target, path_of=lambda path: None if path in doomed else path)
    with zipfile.ZipFile(left) as archive:
        counts = Counter(path.rpartition("/")[0] for path in archive.namelist())
        classes = [{**row, "pictures": counts[f"{row['split']}/{row['name']}"]} for row in version.classes]
        classes = [row for row in classes if row["pictures"]]
        sheet = sheet_of(archive, classes)
    return {
        "archive": store_staged(version, left),
        "contact_sheet": store(version, ".jpg", sheet),
        "classes": classes,
        "n_classes": len(classes),
        "n_pictures": counts.total(),
        "report": _report_left(version.report, {row["name"] for row in classes}),
    }


def _report_left(report: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Forget the names of classes that are gone."""
    return {**report, "duplicates": [shared for shared in report.get("duplicates", []) if names.issuperset(shared)]}
