"""What the page of a version shows, in the order in which it is read."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from mlcore.data.contact_sheet import SAMPLES, SIDE
from webapp.datasets.ingesting.class_splits import SPLITS
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import JobStatus


def version_context(version: DatasetVersion) -> dict[str, Any]:
    """Return all that the page shows of a version."""
    strips = [row for row in version.classes if row.get("strip") is not None and version.contact_sheet]
    return {
        "version": version,
        "facts": _facts(version),
        "splits": [_split(version, split) for split in SPLITS] if version.classes else [],
        "samples": [{**row, "top": row["strip"] * SIDE, "split": _titles()[row["split"]]} for row in strips],
        "sheet": {"width": SAMPLES * SIDE, "height": SIDE, "whole": len(strips) * SIDE},
        "sheet_key": PurePosixPath(version.contact_sheet.name or "").stem,
        "runs": version.runs.all()[:20],
    }


def _titles() -> dict[str, str]:
    return {"train": _("to train on"), "val": _("to validate on"), "test": _("to test on")}


def _split(version: DatasetVersion, split: str) -> dict[str, Any]:
    """Sum up one split: its title, its classes and how many pictures they have."""
    classes = [row for row in version.classes if row["split"] == split]
    return {"title": _titles()[split], "classes": classes, "pictures": sum(row["pictures"] for row in classes)}


def _facts(version: DatasetVersion) -> list[tuple[str, Any]]:
    """Name what is known of a version besides its classes."""
    facts: list[tuple[str, Any]] = [(_("Comes from"), _origin(version))]
    if version.status == JobStatus.READY:
        facts += [(_("Classes"), version.n_classes), (_("Pictures"), version.n_pictures)]
    if size := version.report.get("bytes"):
        facts.append((_("Size"), filesizeformat(size)))
    if version.dataset.source != "registered":
        facts.append((_("Pictures a class at least"), version.least_pictures))
    facts.append((_("Started by"), version.created_by or _("the command line")))
    return facts


def _origin(version: DatasetVersion) -> str:
    named = {"registered": version.mlcore_name, "folder": version.folder}.get(version.dataset.source)
    return named or version.dataset.get_source_display()
