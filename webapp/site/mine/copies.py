"""A copy of all that is somebody's, as one zip that is sent while it is made: nothing of it lies on the disk.

In memory there is one picture and what the zip says of those before. One is sent at once to an owner from one web
process, and for so long at most, so that no slow reader keeps others from theirs.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Generator, Iterator
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from webapp.accounts import throttles
from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.recognition.models import Prediction, SupportImage, SupportSet
from webapp.site.mine import contents

_takers = set[UUID]()
_lock = threading.Lock()
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


class Copy:
    """The bytes of the zip, once; `close` gives its place to the next."""

    def __init__(self, owner: Owner) -> None:
        _take_place(owner)
        self._owner, self._open = owner, True
        self._until = time.monotonic() + settings.GLIMPSE_LIMITS["copy_seconds"]
        try:
            throttles.take([throttles.use(throttles.COPIES, str(owner.pk))])
        except UserError:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        sink = _Sink()
        with zipfile.ZipFile(sink, "w") as archive, contextlib.closing(_written(archive, self._owner)) as steps:
            for _step in steps:
                if time.monotonic() > self._until:
                    raise TimeoutError("A copy was read too slowly, and is broken off.")
                yield sink.taken()
        yield sink.taken()

    def close(self) -> None:
        """Let somebody else take a copy."""
        if self._open:
            self._open = False
            with _lock:
                _takers.discard(self._owner.pk)


def _take_place(owner: Owner) -> None:
    """Note that an owner takes a copy; raise UserError where they do already, or too many others do."""
    with _lock:
        if owner.pk in _takers:
            message = _("You are taking a copy already. Wait until it is there, then try again.")
        elif len(_takers) >= settings.GLIMPSE_LIMITS["copies_at_once"]:
            message = _("Others take their copies just now. Try again in a minute.")
        else:
            _takers.add(owner.pk)
            return
    raise UserError("too_often", message, retry_after=60)


class _Sink(io.RawIOBase):
    """What a zip is written to: it keeps the bytes until they are sent, and cannot be sought in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _written(archive: zipfile.ZipFile, owner: Owner) -> Generator[None, None, None]:
    """Write one part after the other, and stop after each for it to be sent."""
    archive.writestr("README.txt", contents.README)
    archive.writestr("account.json", _json(contents.account(owner)))
    archive.writestr("classifiers.json", _json(contents.classifiers(owner)))
    archive.writestr("faces.json", _json(contents.faces(owner)))
    yield
    names, described = Names(), []
    for support_set in SupportSet.objects.owned_by(owner).order_by("created", "pk"):
        path = f"support-sets/{names.of(support_set.name)}.zip"
        with archive.open(_entry(path), "w", force_zip64=True) as entry, zipfile.ZipFile(entry, "w") as zipped:
            classes: list[dict[str, Any]] = []
            described.append({**contents.support_set(support_set, path), "classes": classes})
            for _picture in _classes_written(zipped, support_set, classes):
                yield
    archive.writestr("support-sets.json", _json(described))
    yield from _predictions_written(archive, owner)


def _classes_written(zipped: zipfile.ZipFile, support_set: SupportSet, classes: list[dict[str, Any]]) -> Iterator[None]:
    """Write a folder for each class, as an import reads them, and add what they hold to the list."""
    folders = Names()
    for support_class in support_set.classes.present():
        folder = folders.of(support_class.name)
        pictures: list[dict[str, Any]] = []
        classes.append({"name": support_class.name, "folder": folder, "pictures": pictures})
        rows: list[SupportImage] = list(support_class.images.present())
        for number, row in enumerate(rows, start=1):
            path = f"{folder}/{number:03d}-{_file_name(row.original_name, row.file.name)}"
            if _put(zipped, path, row.file.name):
                pictures.append(contents.picture(row, path))
            yield


def _predictions_written(archive: zipfile.ZipFile, owner: Owner) -> Iterator[None]:
    """Write the pictures that are still kept, then the lines, for a zip takes one entry at a time."""
    files: dict[Any, str] = {}
    for row in contents.predictions(owner):
        for query in row.queries.all():
            path = f"queries/{query.pk}-{_file_name(query.original_name, query.file.name)}"
            if query.file and _put(archive, path, query.file.name):
                files[query.pk] = path
            yield
    with archive.open(_entry("predictions.jsonl"), "w", force_zip64=True) as lines:
        for row in contents.predictions(owner):
            lines.write(_line(row, files))
            yield


def _line(row: Prediction, files: dict[Any, str]) -> bytes:
    return f"{json.dumps(contents.prediction(row, files), cls=DjangoJSONEncoder, ensure_ascii=False)}\n".encode()


def _put(archive: zipfile.ZipFile, path: str, stored: str | None) -> bool:
    """Put a stored file into a zip; return whether it was still there."""
    try:
        with default_storage.open(stored or "") as file:
            archive.writestr(_entry(path), file.read())
    except FileNotFoundError:
        return False  # deleted meanwhile
    return True


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path)
    entry.external_attr = 0o600 << 16
    return entry


class Names:
    """Names of files and folders for what people have named: none twice, and none that a system takes amiss."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def of(self, name: str) -> str:
        """Return a name close to this one."""
        plain = _UNFIT.sub("_", name).strip()
        plain = f"_{plain[1:]}" if plain.startswith(".") else plain
        plain = f"{plain[:-1]}_" if plain.endswith(".") else plain
        numbered, n = plain or "_", 2
        while numbered.casefold() in self._used:
            numbered, n = f"{plain} ({n})", n + 1
        self._used.add(numbered.casefold())
        return numbered


def _file_name(original: str, stored: str | None) -> str:
    """Return the name that a picture came with, with the ending of what is kept of it."""
    return f"{_UNFIT.sub('_', PurePosixPath(original).stem)[:80]}{PurePosixPath(stored or '').suffix}"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
