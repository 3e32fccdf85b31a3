"""Which stored files data sets still need."""

from __future__ import annotations

from django.db.models import Q

from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import ACTIVE


def named(names: list[str]) -> set[str]:
    """Return those of some names that versions need; an uploaded zip is needed until it is ingested."""
    needed = Q(archive__in=names) | Q(contact_sheet__in=names) | Q(upload__in=names, status__in=ACTIVE)
    rows = DatasetVersion.objects.filter(needed).values_list("archive", "contact_sheet", "upload", "status")
    return {name for *kept, upload, status in rows for name in (*kept, upload if status in ACTIVE else "")}
