"""Carry checkpoints in and out as a zip of `weights.safetensors` and `card.json`.

What comes in is looked at here without torch, and then tried by a process of its own before anything is kept.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from mlcore.config import KINDS
from mlcore.errors import CheckpointError
from mlcore.method_config import METHODS
from mlcore.model_card import CARD_FILE, WEIGHTS_FILE, ModelCard
from webapp.training import acts
from webapp.training.disk import require_room
from webapp.training.errors import StaffError
from webapp.training.models import Checkpoint
from webapp.training.stored_checkpoints import opened_weights, stored

NAMES = (CARD_FILE, WEIGHTS_FILE)
MOST_BYTES = 520 * 2**20
MOST_CARD_BYTES = 2**20
TRY_SECONDS = 180
SHAPES: dict[str, type] = {
    **dict.fromkeys(("name", "kind", "method", "transform", "digest"), str),
    **dict.fromkeys(("config", "data", "training"), dict),
    "results": list,
}
"""What the fields of a card are that somebody here looks into."""
PICKLES = (b"\x80", b"PK", b"(")
"""How pickles, and the zips that torch puts them in, begin; safetensors begins with a length and a brace."""


def export_checkpoint(*, checkpoint: Checkpoint, by: User | None) -> IO[bytes]:
    """Give a zip of a checkpoint, on disk and to be read from its start; it is gone once it is closed."""
    if not checkpoint.is_there:
        _refuse("files_gone", _("The files of %(name)s are not here any more.") % {"name": checkpoint.name})
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever answers closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(CARD_FILE, ModelCard.from_dict(checkpoint.card).to_json())
        with opened_weights(checkpoint) as weights, archive.open(WEIGHTS_FILE, "w", force_zip64=True) as entry:
            shutil.copyfileobj(weights, entry)
    file.seek(0)
    acts.note(by=by, row=checkpoint, act="Exported.")
    return file


def import_checkpoint(*, file: File[bytes] | None, by: User | None) -> Checkpoint:
    """Take in a zip as a checkpoint that is not live; raise StaffError, and keep nothing, if it is not sound."""
    if file is None:
        _refuse("no_file", _("Choose a zip first."))
    if (file.size or 0) > MOST_BYTES:
        _refuse("too_large", _("A checkpoint may have %(n)d MB at most.") % {"n": MOST_BYTES // 2**20})
    require_room(2 * (file.size or 0))
    with _on_disk(file) as path, tempfile.TemporaryDirectory(prefix="glimpse-import-") as folder:
        card = _looked_at(path)
        _require_fitting(card)
        tried = Path(folder) / "checkpoint"
        _try(path, tried)
        return _register(tried, by)


@contextmanager
def _on_disk(file: File[bytes]) -> Iterator[Path]:
    """Copy what was sent to a file of our own, a piece at a time."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def _looked_at(path: Path) -> ModelCard:
    """Read the card, once names, sizes and the first bytes are what they should be."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sorted(archive.namelist()) != sorted(NAMES):
                _refuse("wrong_files", _("The zip must hold card.json and weights.safetensors, and nothing else."))
            _require_tensors(archive)
            with archive.open(CARD_FILE) as card:
                values = json.loads(card.read(MOST_CARD_BYTES))
            return ModelCard.from_dict(values)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError):
        _refuse("no_zip", _("This is no zip that can be read. Export a checkpoint to see what one looks like."))
    except (ValueError, TypeError, CheckpointError) as error:
        _refuse("bad_card", _("Its card.json cannot be used: %(why)s.") % {"why": str(error)[:200]})


def _require_tensors(archive: zipfile.ZipFile) -> None:
    """Raise StaffError unless the weights begin as safetensors do, whatever their file is called."""
    with archive.open(WEIGHTS_FILE) as weights:
        start = weights.read(9)
    if start[8:] == b"{":
        return
    if start.startswith(PICKLES):
        _refuse(
            "pickled", _("Its weights are pickled, which could run a stranger’s program. Save them as safetensors.")
        )
    _refuse("no_tensors", _("Its weights are no safetensors file."))


def _require_fitting(card: ModelCard) -> None:
    """Raise StaffError for what this site could not serve."""
    if misshapen := [name for name, shape in SHAPES.items() if not isinstance(getattr(card, name), shape)]:
        _refuse("bad_card", _("Its card.json cannot be used: %(why)s.") % {"why": misshapen[0]})
    if not 0 < len(card.kind) <= 50:
        _refuse("bad_kind", _("Its card names no kind of picture."))
    if card.method not in METHODS:
        _refuse("unknown_method", _("Its method, %(name)s, is not known here.") % {"name": card.method[:100]})
    if card.transform not in {kind.transform for kind in KINDS.values()}:
        _refuse("unknown_transform", _("Its transform, %(name)s, is not known here.") % {"name": card.transform[:100]})
    if known := Checkpoint.objects.filter(digest=card.digest).exclude(digest="").first():
        _refuse("known", _("These weights are here already, as %(name)s.") % {"name": known.name})
    other = Checkpoint.objects.filter(kind=card.kind).exclude(card__transform=card.transform).first()
    if other is not None:
        message = _("Checkpoints of the kind %(kind)s take pictures as %(name)s does; this one does not.")
        _refuse("other_transform", message % {"kind": card.kind, "name": other.name})


def _try(path: Path, folder: Path) -> None:
    """Have the weights loaded by a process of its own, which keeps them in the folder if they fit their card."""
    command = [sys.executable, "-m", "mlcore", "import-checkpoint", str(path), "--out", str(folder)]
    try:
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=TRY_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        _refuse("too_slow", _("Trying it took too long, so it was left. Try again when the machine is less busy."))
    if done.returncode:
        why = done.stderr.strip().rpartition("\n")[2].removeprefix("mlcore: ").rstrip(".")
        _refuse("unsound", _("It is not sound: %(why)s.") % {"why": why[:300]})


def _register(folder: Path, by: User | None) -> Checkpoint:
    """Store it, and give it a row under a name that nothing else has."""
    card = ModelCard.read(folder)
    name = str(card.name)[:100] or card.method
    if Checkpoint.objects.filter(name=name).exists():
        name = f"{name[:80]}-{card.digest[:8]}"
    with stored(folder, name=name) as row, transaction.atomic():
        row.save(force_insert=True)
        acts.note(by=by, row=row, act="Imported.")
    return row


def _refuse(code: str, message: str) -> NoReturn:
    raise StaffError(code=code, message=message, field="file")
