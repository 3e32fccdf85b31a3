"""Which stored files data sets still need; and a chore that the clock calls: zips that nobody let in go."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from webapp.core.errors import UserError
from webapp.datasets import services as datasets
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import ACTIVE


def forget() -> None:
    """Delete versions that nobody said a word about, a while after their zips were looked into."""
    before = timezone.now() - timedelta(hours=settings.GLIMPSE_UNDO_HOURS)
    for version in DatasetVersion.objects.filter(waiting=True, created__lt=before):
        with suppress(UserError):  # somebody said it meanwhile
            datasets.discard(version=version, by=None)


def named(names: list[str]) -> set[str]:
    """Return those of some names that versions need; an uploaded zip is needed until it is ingested."""
    kept = DatasetVersion.objects.filter(Q(archive__in=names) | Q(contact_sheet__in=names))
    coming = DatasetVersion.objects.filter(Q(status__in=ACTIVE) | Q(waiting=True), upload__in=names)
    pairs = kept.values_list("archive", "contact_sheet")
    return {*(name for pair in pairs for name in pair), *coming.values_list("upload", flat=True)}
