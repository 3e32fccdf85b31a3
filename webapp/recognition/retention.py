"""Forget what has had its time: chores that the clock calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from webapp.accounts.models import Owner
from webapp.recognition import deletion
from webapp.recognition.models import Classifier, Query, SupportClass, SupportImage, ZipImport, ZipUpload


def guest_hours() -> int:
    """Return for how many hours a guest's things are kept."""
    hours: float = settings.GLIMPSE_GUEST_HOURS
    return round(hours)


def query_hours() -> int:
    """Return for how many hours query pictures are kept."""
    hours: float = settings.GLIMPSE_QUERY_HOURS
    return round(hours)


def undo_hours() -> int:
    """Return within how many hours what was deleted is gone for good, and a zip that nobody let in."""
    hours: float = settings.GLIMPSE_UNDO_HOURS
    return ceil(hours)


def forget() -> None:
    """Delete guests, query pictures, undone deletions and zips, whose time is up."""
    forget_guests()
    forget_query_pictures()
    forget_deleted()
    forget_zips()


def forget_guests() -> None:
    """Delete guests who have not been seen for a day, with everything they made."""
    for owner in Owner.objects.expired_guests(before=_ago(settings.GLIMPSE_GUEST_HOURS)):
        deletion.remove_owner(owner)


def forget_query_pictures() -> None:
    """Delete query pictures after a day; copies that a correction put into a support set stay."""
    old = Query.objects.filter(prediction__created__lt=_ago(settings.GLIMPSE_QUERY_HOURS)).exclude(file="")
    deletion.forget_query_pictures(old)


def forget_deleted() -> None:
    """Delete for good what was deleted and not brought back in the hours for that."""
    before = _ago(settings.GLIMPSE_UNDO_HOURS)
    deletion.remove_images(SupportImage.objects.filter(deleted_at__lt=before))
    deletion.remove_classes(SupportClass.objects.filter(deleted_at__lt=before))


def forget_zips() -> None:
    """Delete zips that were looked into and not imported in the hours for that, and those whose import was lost."""
    deletion.remove_zips_of_ended(ZipImport.objects.all())
    deletion.remove_zip_uploads(ZipUpload.objects.filter(created__lt=_ago(settings.GLIMPSE_UNDO_HOURS)))


def named(names: list[str]) -> set[str]:
    """Return those of the file names that a row has."""
    known: set[str] = set()
    for model in (SupportImage, Query):
        rows = model.objects.filter(Q(file__in=names) | Q(thumbnail__in=names))
        for pair in rows.values_list("file", "thumbnail"):
            known.update(pair)
    known.update(Classifier.objects.filter(state_file__in=names).values_list("state_file", flat=True))
    known.update(ZipUpload.objects.filter(file__in=names).values_list("file", flat=True))
    known.update(ZipImport.objects.active().filter(file__in=names).values_list("file", flat=True))
    return known


def _ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)
