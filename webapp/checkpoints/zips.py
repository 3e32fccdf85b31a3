"""Look at a checkpoint's zip without torch: what it holds, how it begins, and whether this site could serve it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from django.core.files import File
from django.utils.translation import gettext as _

from mlcore.checkpoints.card import CARD_FILE, WEIGHTS_FILE, ModelCard
from mlcore.config import shape_of
from mlcore.errors import CheckpointError
from mlcore.method_config import METHODS
from webapp.checkpoints.models import Checkpoint
from webapp.core.errors import Code, UserError

NAMES = (CARD_FILE, WEIGHTS_FILE)
MOST_CARD_BYTES = 2**20
SHAPES: dict[str, type] = {
    **dict.fromkeys(("name", "kind", "method", "transform", "digest"), str),
    **dict.fromkeys(("config", "data", "training"), dict),
    "results": list,
}
"""What the fields of a card are that somebody here looks into."""
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
                values = json.loads(card.read(MOST_CARD_BYTES))
            return ModelCard.from_dict(values)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError):
        refuse("no_zip", _("This is no zip that can be read. Export a checkpoint to see what one looks like."))
    except (ValueError, TypeError, CheckpointError) as error:
        refuse("bad_card", _("Its card.json cannot be used: %(why)s.") % {"why": str(error)[:200]})


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
    if misshapen := [name for name, shape in SHAPES.items() if not isinstance(getattr(card, name), shape)]:
        refuse("bad_card", _("Its card.json cannot be used: %(why)s.") % {"why": misshapen[0]})
    if not 0 < len(card.kind) <= 50:
        refuse("bad_kind", _("Its card names no kind of picture."))
    if card.method not in METHODS:
        refuse("unknown_method", _("Its method, %(name)s, is not known here.") % {"name": card.method[:100]})
    if shape_of(card.transform) is None:
        refuse("unknown_transform", _("Its transform, %(name)s, is not known here.") % {"name": card.transform[:100]})
    if known := Checkpoint.objects.filter(digest=card.digest).exclude(digest="").first():
        refuse("known", _("These weights are here already, as %(name)s.") % {"name": known.name})
    other = Checkpoint.objects.filter(kind=card.kind).exclude(card__transform=card.transform).first()
    if other is not None:
        message = _("Checkpoints of the kind %(kind)s take pictures as %(name)s does; this one does not.")
        refuse("other_transform", message % {"kind": card.kind, "name": other.name})


def refuse(code: Code, message: str) -> NoReturn:
    """Refuse what was sent."""
    raise UserError(code, message, field="file")
