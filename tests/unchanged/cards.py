"""The keys of cards: of those that ship, of those that are written, and of the configs that are written into them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mlcore.checkpoints.card import CARD_FILE, PRETRAINED, ModelCard
from mlcore.faces.card import CARD as FACE_CARD
from mlcore.faces.card import read_card
from mlcore.faces.config import FACE_LOSSES
from mlcore.method_config import METHODS


def card_keys() -> dict[str, list[str]]:
    """Return the dotted keys of each card, those in lists under `[]`."""
    shipped = {path.parent.name: json.loads(path.read_text()) for path in PRETRAINED.glob(f"*/{CARD_FILE}")}
    cards = {
        **{f"shipped: {name}": card for name, card in shipped.items()},
        "shipped: faces": json.loads(FACE_CARD.read_text()),
        "written: checkpoint": json.loads(ModelCard(name="", kind="", method="", config={}, transform="").to_json()),
        "written: faces": json.loads(read_card().to_json()),
        **{f"config: method {name}": entry.config.from_dict({}).to_dict() for name, entry in METHODS.items()},
        **{f"config: loss {name}": entry.config.from_dict({}).to_dict() for name, entry in FACE_LOSSES.items()},
    }
    return {name: sorted(set(keys(card))) for name, card in cards.items()}


def keys(value: Any, place: str = "") -> Iterator[str]:
    """Yield the dotted keys of a JSON value that hold no further ones."""
    if isinstance(value, dict) and value:
        for key, entry in value.items():
            yield from keys(entry, f"{place}.{key}".removeprefix("."))
    elif isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        for entry in value:
            yield from keys(entry, f"{place}[]")
    else:
        yield place
