"""Private files of people: pictures taken in, copied and deleted, never left behind without a row."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.pictures import reader
from webapp.pictures.allowances import Decoding
from webapp.pictures.names import display_file_name
from webapp.recognition.models import Query, picture_path
from webapp.storage.addresses import StorageDown

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """A file that could not be used, and why."""

    file: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """Return the plain value that a row keeps."""
        return asdict(self)


@dataclass(frozen=True)
class Stored:
    """A picture that lies in private storage and has no row yet."""

    file: str
    thumbnail: str
    pixel_digest: str
    width: int
    height: int
    bytes: int
    looks_drawn: bool
    ink: dict[str, float] | None
    original_name: str

    def fields(self) -> dict[str, Any]:
        """Return the fields of the row to be made, for a support picture or a query alike."""
        return asdict(self)


@dataclass
class Intake:
    """What became of a batch of uploaded files."""

    stored: list[Stored] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Return the names of all stored files."""
        return [name for picture in self.stored for name in (picture.file, picture.thumbnail)]


def take_in(
    files: Iterable[File[bytes]],
    *,
    decoder: Decoding,
    room: int,
    full: str,
    places: int | None = None,
    no_place: str = "",
) -> Intake:
    """Decode and store pictures one after another, as many as there are places for.

    ``full`` is why those are refused that ``room`` bytes do not hold, ``no_place`` those beyond the ``places``.
    Raise UserError if nothing was stored and room or time was what some picture lacked, StorageDown if nothing was
    stored because the storage does not answer.
    """
    intake, lacking, files = Intake(), dict[str, UserError](), list(files)
    for position, file in enumerate(files):
        name = display_file_name(file.name)
        if places is not None and len(intake.stored) >= places:
            intake.refused.append(Refused(name, no_place))
            continue
        try:
            picture = decoder.read(file)
            if picture.bytes > room:
                raise UserError("storage_full", full)
            intake.stored.append(_store(picture, name))
        except UserError as error:
            intake.refused.append(Refused(name, error.message))
            lacking.setdefault(error.code, error)
            continue
        except StorageDown as error:
            if not intake.stored:
                raise
            intake.refused += [Refused(display_file_name(file.name), error.message) for file in files[position:]]
            break
        room -= picture.bytes
        if picture.is_animated:
            intake.warnings.append(_("%(file)s is animated; its first frame is used.") % {"file": name})
    lack = next((lacking[code] for code in ("too_often", "too_busy", "storage_full") if code in lacking), None)
    if not intake.stored and lack:
        refused = [refusal.as_json() for refusal in intake.refused]
        raise UserError(lack.code, lack.message, refused=refused, **lack.details)
    return intake


def _store(picture: reader.Picture, original_name: str) -> Stored:
    """Write a picture and its thumbnail under generated names."""
    stem = uuid4().hex
    return Stored(
        file=_write(f"{stem}{picture.suffix}", picture.file),
        thumbnail=_write(f"{stem}-thumbnail{picture.suffix}", picture.thumbnail),
        pixel_digest=picture.pixel_digest,
        width=picture.width,
        height=picture.height,
        bytes=picture.bytes,
        looks_drawn=picture.ink is not None,
        ink=picture.ink,
        original_name=original_name,
    )


def _write(name: str, content: bytes) -> str:
    return default_storage.save(picture_path(None, name), ContentFile(content))


def copy_of(query: Query) -> Stored:
    """Copy the files of a query picture, so that the copy outlives it."""
    stem, suffix = uuid4().hex, PurePosixPath(query.file.name or "").suffix
    with query.file.open() as file, query.thumbnail.open() as thumbnail:
        return Stored(
            file=_write(f"{stem}{suffix}", file.read()),
            thumbnail=_write(f"{stem}-thumbnail{suffix}", thumbnail.read()),
            pixel_digest=query.pixel_digest,
            width=query.width,
            height=query.height,
            bytes=query.bytes,
            looks_drawn=query.looks_drawn,
            ink=query.ink,
            original_name=query.original_name,
        )
