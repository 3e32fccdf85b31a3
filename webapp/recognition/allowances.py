"""What an owner may still store, start and upload."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext as _

from webapp.accounts import services as accounts
from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.recognition.deletion import remove_deleted
from webapp.recognition.models import Classifier, Query, SupportImage, ZipImport, ZipUpload
from webapp.storage import disk

MEGABYTE = 1024 * 1024


def bytes_used(owner: Owner) -> int:
    """Return the bytes of the owner's pictures, classifiers and archives, those included that can be brought back."""
    stored = (
        SupportImage.objects.owned_by(owner),
        Classifier.objects.owned_by(owner),
        Query.objects.owned_by(owner),
        ZipImport.objects.owned_by(owner).exclude(file=""),
        ZipUpload.objects.owned_by(owner),
    )
    return sum(rows.aggregate(total=Sum("bytes"))["total"] or 0 for rows in stored)


def bytes_allowed(owner: Owner) -> int:
    """Return how much the owner may store."""
    return settings.GLIMPSE_LIMITS["guest_bytes" if owner.is_guest else "owner_bytes"]


def require_room(owner: Owner, *, needed: int = 1, requested: int = 0) -> int:
    """Return how many bytes are free; raise UserError if that is less than what is needed, or if the disk is full.

    Where there is no room for all that is requested, what was deleted and could still be brought back gives way.
    """
    disk.require_room_for_uploads(of_guest=owner.is_guest)
    free = bytes_allowed(owner) - bytes_used(owner)
    if free < max(needed, requested):
        remove_deleted(owner)
        free = bytes_allowed(owner) - bytes_used(owner)
    if free < needed:
        raise UserError("storage_full", storage_sentence(owner))
    return free


def take_room(owner: Owner, *, needed: int = 1) -> int:
    """Do as ``require_room`` in the transaction that writes the rows, so that no two requests take one room."""
    Owner.objects.hold(owner)
    return require_room(owner, needed=needed)


def storage_sentence(owner: Owner) -> str:
    """Return the sentence that says that the owner's storage is full, and what helps."""
    megabytes = bytes_allowed(owner) // MEGABYTE
    if owner.is_guest:
        return _("Your %(n)d MB are full. Delete something, or sign up to get more room.") % {"n": megabytes}
    return _("Your %(n)d MB are full. Delete something you no longer need.") % {"n": megabytes}


def spend_upload(owner: Owner) -> None:
    """Count one request that brings support pictures; raise UserError beyond the limit."""
    _spend(owner, "uploads_per_minute")


def spend_prediction(owner: Owner) -> None:
    """Count one request that brings query pictures; raise UserError beyond the limit."""
    _spend(owner, "predictions_per_minute")


def _spend(owner: Owner, limit: str) -> None:
    maximum = settings.GLIMPSE_LIMITS[limit]
    wait = accounts.spend(owner=owner, name=limit, per_minute=maximum)
    if wait:
        message = _("That is more than %(n)d uploads in a minute. Go on in %(wait)d seconds.")
        raise UserError("too_often", message % {"n": maximum, "wait": wait}, retry_after=wait)
