"""Look at a checkpoint's zip without torch: what it holds, how it begins, and whether this site could serve it."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from django.core.files import File
from django.utils.translation import gettext as _

from mlcore.checkpoints.card import CARD_FILE, MOST_CARD_BYTES, WEIGHTS_FILE, ModelCard
from mlcore.errors import CheckpointError, MlcoreError
from mlcore.faces.config import FACES
from mlcore.schemas import SchemaError
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.models.usable_cards import UsableCard
from webapp.core.errors import Code, UserError

NAMES = (CARD_FILE, WEIGHTS_FILE)
PICKLES = (b"\x80", b"PK", b"(")
"""How pickles, and the zips that torch puts them in, begin; safetensors begins with a length and a brace."""


def card_in(file: Path | IO[bytes] | File[Any]) -> ModelCard:
    """Read the card, once names, sizes and the first bytes are what they should be."""
    try:
        with zipfile.ZipFile(cast(IO[bytes], file)) as archive:
            if sorted(archive.namelist()) != sorted(NAMES):
                refuse("wrong_files", _("The zip must hold card.json and weights.safetensors, and nothing else."))
            _require_tensors(archive)
            with archive.open(CARD_FILE) as card:
                return ModelCard.from_json(card.read(MOST_CARD_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
        refuse("no_zip", _("This is no zip that can be read. Export a checkpoint to see what one looks like."))
    except CheckpointError as error:
        refuse_card(error)


def _require_tensors(archive: zipfile.ZipFile) -> None:
    """Raise UserError unless the weights begin as safetensors do, whatever their file is called."""
    with archive.open(WEIGHTS_FILE) as weights:
        start = weights.read(9)
    if start[8:] == b"{":
        return
    if start.startswith(PICKLES):
        refuse("pickled", _("Its weights are pickled, which could run a stranger’s program. Save them as safetensors."))
    refuse("no_tensors", _("Its weights are no safetensors file."))


def require_fitting(card: ModelCard) -> None:
    """Raise UserError for what this site could not serve."""
    try:
        UsableCard().require(card.to_dict())
    except SchemaError as error:
        refuse_card(error)
    if card.kind == FACES:
        refuse("bad_kind", _("It embeds faces, and nobody can teach such a checkpoint classes."))
    if known := Checkpoint.objects.filter(digest=card.digest).exclude(digest="").first():
        refuse("known", _("These weights are here already, as %(name)s.") % {"name": known.name})
    others = [row.card["transform"] for row in Checkpoint.objects.filter(kind=card.kind) if not row.is_damaged]
    if other := next((transform for transform in others if transform != card.transform), None):
        message = _("Checkpoints of the kind %(kind)s take pictures as %(name)s does; this one does not.")
        refuse("other_transform", message % {"kind": card.kind, "name": other})


def refuse_card(error: MlcoreError) -> NoReturn:
    """Refuse a card, with what is wrong with it."""
    words = str(error).removeprefix("the card cannot be used: ")
    refuse("bad_card", _("Its card.json cannot be used: %(why)s.") % {"why": words[:300]})


def refuse(code: Code, message: str) -> NoReturn:
    """Refuse what was sent."""
    raise UserError(code, message, field="file")
