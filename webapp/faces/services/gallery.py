"""People in a gallery: added, renamed, removed."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.faces import deletion
from webapp.faces.models import EnrolledFace, Person
from webapp.faces.services.consent import require_gallery
from webapp.pictures.names import clean_name


@transaction.atomic
def add_person(*, owner: Owner, name: str) -> Person:
    """Add somebody without a photo yet; they go again after a day."""
    require_gallery(owner=owner)
    name = clean_name(name)
    Owner.objects.select_for_update().get(pk=owner.pk)
    limit = settings.GLIMPSE_LIMITS["face_people"]
    if Person.objects.owned_by(owner).count() >= limit:
        raise UserError(
            "limit_reached", _("A gallery may have at most %(limit)d people.") % {"limit": limit}, field="name"
        )
    _require_free(owner, name)
    return Person.objects.create(owner=owner, name=name, expires=timezone.now() + gallery_lasts())


@transaction.atomic
def rename_person(*, person: Person, name: str) -> Person:
    """Rename a person; raise UserError for a name that is taken or cannot be one."""
    name = clean_name(name)
    Owner.objects.select_for_update().get(pk=person.owner_id)
    if name != person.name:
        _require_free(person.owner, name)
        person.name = name
        person.save(update_fields=["name"])
    return person


def remove_person(*, person: Person) -> None:
    """Erase somebody with all their faces."""
    deletion.erase_people(Person.objects.filter(pk=person.pk))


def remove_face(*, face: EnrolledFace) -> None:
    """Erase one face of a person."""
    deletion.erase_face(face)


def require_faces_left(owner: Owner, *, n_faces: int) -> None:
    """Raise UserError unless the gallery has room for so many faces more."""
    limit = settings.GLIMPSE_LIMITS["gallery_faces"]
    if EnrolledFace.objects.owned_by(owner).count() + n_faces > limit:
        raise UserError(
            "limit_reached", _("A gallery may have at most %(limit)d faces. Remove some first.") % {"limit": limit}
        )


def gallery_lasts() -> timedelta:
    """Return how long a person stays in a gallery."""
    return timedelta(hours=settings.GLIMPSE_GALLERY_HOURS)


def _require_free(owner: Owner, name: str) -> None:
    """Raise UserError if the name is taken in this gallery."""
    if Person.objects.owned_by(owner).filter(name=name).exists():
        raise UserError("name_taken", _("There is a person “%(name)s” already.") % {"name": name}, field="name")
