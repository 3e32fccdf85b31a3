"""People in a gallery: added, renamed, removed."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.core.rows.stored_json import require_sound
from webapp.faces import deletion
from webapp.faces.models import EnrolledFace, FaceCrop, FaceQuestion, Person
from webapp.faces.services.consent import require_gallery
from webapp.pictures.names import clean_name


@transaction.atomic
def add_person(*, owner: Owner, name: str) -> Person:
    """Add somebody without a photo yet; they go again after a day."""
    require_gallery(owner=owner)
    name = clean_name(name)
    Owner.objects.hold(owner)
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
    Owner.objects.hold(person.owner)
    if name != person.name:
        _require_free(person.owner, name)
        person.name = name
        person.save(update_fields=["name"])
    return person


@dataclass(frozen=True)
class KeptFace:
    """What is kept of a photo: 128 numbers, little-endian float32, and a crop of 150 pixels as a JPEG."""

    embedding: bytes
    crop: bytes

    def as_json(self) -> dict[str, str]:
        """Return both as text, for an answer that holds a face back."""
        return {"embedding": b64encode(self.embedding).decode(), "crop": b64encode(self.crop).decode()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(b64decode(values["embedding"]), b64decode(values["crop"]))


@transaction.atomic
def keep_faces(*, person_id: UUID, faces: Sequence[KeptFace]) -> list[str]:
    """Keep faces of a person, and return their ids."""
    rows = [EnrolledFace(person_id=person_id, embedding=face.embedding) for face in faces]
    EnrolledFace.objects.bulk_create(rows)
    FaceCrop.objects.bulk_create(FaceCrop(face=row, jpeg=face.crop) for row, face in zip(rows, faces, strict=True))
    return [str(row.pk) for row in rows]


@transaction.atomic
def keep_doubtful(*, question: FaceQuestion, photo: int | None = None) -> FaceQuestion:
    """Keep a photo that an enrolment holds back, by its place among those sent, or all of them."""
    person = question.person
    if person is None:
        raise UserError("unknown_picture", _("Only photos that somebody is to be remembered by can be kept."))
    require_gallery(owner=person.owner)
    Owner.objects.hold(person.owner)
    locked = FaceQuestion.objects.select_for_update().get(pk=question.pk)
    require_sound(locked)
    answer = locked.answer or {}
    chosen = [held for held in answer.get("doubtful", []) if photo in (None, held["photo"])]
    if not chosen:
        raise UserError("unknown_picture", _("No such photo waits for your word: it is kept already, or it is gone."))
    require_faces_left(person.owner, n_faces=len(chosen))
    kept = keep_faces(person_id=person.pk, faces=[KeptFace.from_json(held) for held in chosen])
    left = [held for held in answer["doubtful"] if held not in chosen]
    locked.answer = {**answer, "kept": [*answer.get("kept", []), *kept], "doubtful": left}
    locked.save(update_fields=["answer"])
    return locked


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
