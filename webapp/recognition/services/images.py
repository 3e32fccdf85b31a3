"""Support pictures: added, moved, deleted and brought back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.pictures.allowances import decoding, place_in_flight
from webapp.pictures.names import clean_name
from webapp.recognition import storage
from webapp.recognition.allowances import require_room, spend_upload, storage_sentence, take_room
from webapp.recognition.models import SupportClass, SupportImage, SupportSet
from webapp.recognition.services.classes import class_named, hold
from webapp.recognition.storage import Refused as Refused
from webapp.storage.files import delete_files, deleted_on_failure


@dataclass(frozen=True)
class Accepted:
    """A picture that is now in the support set."""

    id: UUID
    file: str


@dataclass(frozen=True)
class UploadReport:
    """What became of each uploaded picture; ``warnings`` are sentences about accepted ones."""

    accepted: list[Accepted]
    refused: list[Refused]
    warnings: list[str]


def add_images(*, support_set: SupportSet, class_name: str, files: Iterable[File[bytes]]) -> UploadReport:
    """Add pictures to a class, which is made if it is new. Good pictures are kept even if others are refused."""
    name, files = clean_name(class_name), list(files)
    if not files:
        raise UserError("no_usable_picture", _("Add at least one picture."), refused=[])
    owner = support_set.owner
    spend_upload(owner)
    with place_in_flight(owner):
        return add_to_class(support_set=support_set, class_name=name, files=files)


def add_to_class(
    *, support_set: SupportSet, class_name: str, files: list[File[bytes]], share: float = 1.0
) -> UploadReport:
    """Take pictures into a class, whoever they come from; ``share`` is what `decoding` makes of it."""
    owner = support_set.owner
    room, full = require_room(owner, requested=sum(file.size for file in files)), storage_sentence(owner)
    standing = support_set.classes.present().filter(name=class_name).first()
    places = _places(standing) if standing else settings.GLIMPSE_LIMITS["pictures_per_class"]
    with decoding(owner, share=share) as decoder:
        intake = storage.take_in(files, decoder=decoder, room=room, full=full, places=places, no_place=_class_full())
    if not intake.stored:
        return UploadReport([], intake.refused, [])
    with deleted_on_failure(intake.names), transaction.atomic():
        room = take_room(owner)  # other requests may have taken it, and the places, while these were decoded
        support_class = class_named(support_set=support_set, name=class_name)
        kept, surplus = _fitting(intake.stored, room=room, full=full, places=_places(support_class))
        warnings = [*intake.warnings, *_duplicate_warnings(support_class, kept)]
        images = SupportImage.objects.bulk_create(
            SupportImage(support_class=support_class, **picture.fields()) for picture in kept
        )
    delete_files([name for picture, _why in surplus for name in (picture.file, picture.thumbnail)])
    refused = [*intake.refused, *(Refused(picture.original_name, why) for picture, why in surplus)]
    return UploadReport([Accepted(image.pk, image.original_name) for image in images], refused, warnings)


def _fitting(
    stored: list[storage.Stored], *, room: int, full: str, places: int
) -> tuple[list[storage.Stored], list[tuple[storage.Stored, str]]]:
    """Return the pictures that ``room`` bytes and the places of a class hold, and the others, each with why not."""
    kept: list[storage.Stored] = []
    surplus: list[tuple[storage.Stored, str]] = []
    for picture in stored:
        if len(kept) >= places:
            surplus.append((picture, _class_full()))
        elif picture.bytes > room:
            surplus.append((picture, full))
        else:
            kept.append(picture)
            room -= picture.bytes
    return kept, surplus


def _places(support_class: SupportClass) -> int:
    """Return how many more pictures the class may hold."""
    present = support_class.images.filter(deleted_at__isnull=True).count()
    return max(settings.GLIMPSE_LIMITS["pictures_per_class"] - present, 0)


def require_place(support_class: SupportClass) -> None:
    """Raise UserError if the class is full."""
    if not _places(support_class):
        raise UserError("limit_reached", _class_full())


def _class_full() -> str:
    limit = settings.GLIMPSE_LIMITS["pictures_per_class"]
    return _("A class may have at most %(limit)d pictures.") % {"limit": limit}


def _duplicate_warnings(support_class: SupportClass, stored: list[storage.Stored]) -> list[str]:
    """Warn of pictures whose very pixels are in the support set already."""
    digests = [picture.pixel_digest for picture in stored]
    known = SupportImage.objects.present().filter(
        support_class__support_set=support_class.support_set_id, pixel_digest__in=digests
    )
    home = dict(known.values_list("pixel_digest", "support_class__name"))
    warnings = []
    for picture in stored:
        other = home.get(picture.pixel_digest)
        home.setdefault(picture.pixel_digest, support_class.name)
        if other == support_class.name:
            warnings.append(_("%(file)s is in this class already.") % {"file": picture.original_name})
        elif other:
            message = _("%(file)s is also in “%(name)s”. A picture of two classes confuses both.")
            warnings.append(message % {"file": picture.original_name, "name": other})
    return warnings


@transaction.atomic
def move_image(*, image: SupportImage, class_name: str) -> SupportImage:
    """Move a picture to another class of its support set, which is made if it is new."""
    target = class_named(support_set=image.support_class.support_set, name=class_name)
    if target != image.support_class:
        require_place(target)
        image.support_class = target
        image.save(update_fields=["support_class"])
    return image


def delete_image(*, image: SupportImage) -> None:
    """Delete a picture; it can be brought back for an hour."""
    image.deleted_at = timezone.now()
    image.save(update_fields=["deleted_at"])


@transaction.atomic
def restore_image(*, image: SupportImage) -> SupportImage:
    """Bring a deleted picture back."""
    Owner.objects.hold(image.support_class.support_set.owner)  # as whoever needs room for more, and deletes it for good
    hold(image.support_class.support_set)
    if not SupportImage.objects.filter(pk=image.pk).exists():
        raise UserError("picture_gone", _("This picture was deleted too long ago to be brought back."))
    if image.deleted_at is not None:
        require_place(image.support_class)
        image.deleted_at = None
        image.save(update_fields=["deleted_at"])
    return image
