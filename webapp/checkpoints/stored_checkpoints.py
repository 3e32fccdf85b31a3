"""Where the files of checkpoints lie: in storage, in the package, and as copies on this machine."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from uuid import uuid4

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from mlcore.checkpoints.card import CARD_FILE, PRETRAINED, WEIGHTS_FILE, ModelCard
from mlcore.errors import CheckpointError
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.models.checkpoints import checkpoint_path
from webapp.jobs.errors import JobFailed
from webapp.storage import copies
from webapp.storage.disk import keep_room
from webapp.storage.files import deleted_on_failure


@contextmanager
def stored(made: Path, *, name: str) -> Iterator[Checkpoint]:
    """Store a checkpoint's weights and card under a name, then yield its row, which the block is to save.

    made: the folder of both. If the block fails, nothing stays in storage.
    """
    card = replace(ModelCard.read(made), name=name)
    folder = checkpoint_path(None, f"{card.digest}-{uuid4().hex[:8]}")
    weights = f"{folder}/{WEIGHTS_FILE}"
    with deleted_on_failure([weights, f"{folder}/{CARD_FILE}"]):
        with (made / WEIGHTS_FILE).open("rb") as file:
            default_storage.save(weights, File(file))
        default_storage.save(f"{folder}/{CARD_FILE}", ContentFile(card.to_json().encode()))
        yield Checkpoint(name=name, kind=card.kind, weights=weights, card=card.to_dict(), digest=card.digest)


def delete_stored(weights: Iterable[str | None]) -> None:
    """Delete weights from storage, with the cards beside them and their copies on this machine."""
    for name in filter(None, weights):
        folder = PurePosixPath(name).parent
        for file in (name, f"{folder}/{CARD_FILE}"):
            default_storage.delete(file)
        copies.forget(str(folder))


def is_whole(folder: Path) -> bool:
    """Return whether a folder holds a card, and the very weights that it was written for."""
    try:
        return _is_sound(folder, ModelCard.read(folder).digest)
    except CheckpointError:
        return False


def local_folder(*, checkpoint: Checkpoint) -> Path:
    """Return a folder on this machine that holds a checkpoint's weights and card; what is stored elsewhere is fetched.

    Raise JobFailed if they are gone, or if others took their place.
    """
    folder = _stored_folder(checkpoint) if checkpoint.weights else PRETRAINED / checkpoint.folder
    try:
        is_it = ModelCard.read(folder).digest == checkpoint.digest
    except CheckpointError:
        is_it = False
    if not is_it or not (folder / WEIGHTS_FILE).is_file():
        raise _gone(checkpoint)
    return folder


def opened_weights(checkpoint: Checkpoint) -> IO[bytes]:
    """Open the weights where they lie, to be read once."""
    if checkpoint.weights:
        return checkpoint.weights.open("rb")
    return (PRETRAINED / checkpoint.folder / WEIGHTS_FILE).open("rb")


def _stored_folder(checkpoint: Checkpoint) -> Path:
    """Return where the storage keeps the files on this machine, else a copy, fetched anew if it is damaged."""
    try:
        return Path(checkpoint.weights.path).parent
    except NotImplementedError:
        name = str(PurePosixPath(checkpoint.weights.name or "").parent)
    fetch = partial(_fetch, checkpoint)
    folder = copies.copy_of(name, fetch)
    if not _is_sound(folder, checkpoint.digest):
        copies.forget(name)
        folder = copies.copy_of(name, fetch)
    return folder


def _fetch(checkpoint: Checkpoint, target: Path) -> None:
    """Copy both files from storage; raise JobFailed unless the weights are those that the row names."""
    weights = checkpoint.weights.name or ""
    target.mkdir(mode=0o700)
    try:
        keep_room(default_storage.size(weights))
        for name in (weights, f"{PurePosixPath(weights).parent}/{CARD_FILE}"):
            with default_storage.open(name) as source, (target / PurePosixPath(name).name).open("xb") as copy:
                shutil.copyfileobj(source, copy)
    except FileNotFoundError as error:
        raise _gone(checkpoint) from error
    if not _is_sound(target, checkpoint.digest):
        raise _gone(checkpoint)


def _is_sound(folder: Path, digest: str) -> bool:
    """Return whether a folder holds the very weights of a digest."""
    try:
        with (folder / WEIGHTS_FILE).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except FileNotFoundError:
        return False


def _gone(checkpoint: Checkpoint) -> JobFailed:
    message = _("The files of %(name)s are not here any more, or others took their place.")
    return JobFailed(code="checkpoint_gone", message=message % {"name": checkpoint.name})
