"""Photos of faces on their way to a worker: cleaned, stored under generated names, gone when their question ends."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from uuid import uuid4

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from webapp.core.errors import UserError
from webapp.faces.models import FaceQuestion, FaceQuestionQuerySet
from webapp.pictures.allowances import Decoding
from webapp.pictures.reader import Picture

FOLDER = "faces"


def read(files: Sequence[File[bytes]], *, called: Sequence[str], decoder: Decoding) -> list[Picture]:
    """Decode uploaded photos away from the site; where one cannot be used, say which by what it is ``called``."""
    pictures = []
    for file, name in zip(files, called, strict=True):
        try:
            pictures.append(decoder.read(file))
        except UserError as error:
            raise UserError(error.code, f"{name}: {error.message}", **error.details) from error
    return pictures


def address_of(jpeg: bytes) -> str:
    """Return the bytes of a JPEG as an address that a page or a program can read them from."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def keep(pictures: Iterable[Picture]) -> list[str]:
    """Store photos for the worker, and return their names."""
    return [
        default_storage.save(f"{FOLDER}/{uuid4().hex}{picture.suffix}", ContentFile(picture.file))
        for picture in pictures
    ]


def remove(names: Iterable[str]) -> None:
    """Delete stored photos; those that are gone already are no error."""
    for name in names:
        default_storage.delete(name)


def remove_of_ended(questions: FaceQuestionQuerySet) -> None:
    """Delete the photos of those questions that have ended, however they ended."""
    for question in questions.ended().exclude(photos=[]).only("photos"):
        remove(question.photos)
        FaceQuestion.objects.filter(pk=question.pk).update(photos=[])


def named(names: list[str]) -> set[str]:
    """Return those of some photos that questions name: few, for a photo waits for seconds."""
    waiting = FaceQuestion.objects.exclude(photos=[]).values_list("photos", flat=True)
    return {name for photos in waiting for name in photos}.intersection(names)
