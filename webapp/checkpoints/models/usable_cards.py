"""Cards that this site can show and serve: it knows their names and settings, besides what every card may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlcore.checkpoints.card_schema import CARD
from mlcore.config import TRANSFORMS_IN_WORDS, shape_of
from mlcore.errors import ConfigError
from mlcore.faces.config import FACE_LOSSES, FACES
from mlcore.method_config import METHODS
from mlcore.schemas import SchemaError
from mlcore.settings import Config

MOST_STEPS = 100_000
"""The largest whole number in a method's config: more steps or units than these nobody waits for."""


class UsableCard:
    """A card whose names and settings are known here, too: what a site can show and serve."""

    def require(self, value: Any, at: str = "") -> None:
        """Raise SchemaError unless a card of these values could be shown and served."""
        CARD.require(value, at)
        configs: dict[str, type[Config]] = {name: method.config for name, method in METHODS.items()}
        if value["kind"] == FACES:
            configs = {name: loss.config for name, loss in FACE_LOSSES.items()}
        if value["method"] not in configs:
            raise SchemaError(f"method is {value['method']!r:.60}; it must be one of {', '.join(configs)}")
        if value["kind"] != FACES and shape_of(value["transform"]) is None:
            raise SchemaError(f"transform is {value['transform']!r:.60}; it must be {TRANSFORMS_IN_WORDS}")
        _require_sizes(value["config"])
        try:
            configs[value["method"]].from_dict(value["config"])
        except (ConfigError, TypeError) as error:
            raise SchemaError(f"its config cannot be used: {error}") from error

    def blank(self) -> dict[str, Any]:
        """Return a card that says nothing."""
        return {**CARD.blank(), "results": [], "data": {}, "training": {}}


def _require_sizes(config: Mapping[str, Any]) -> None:
    for name, value in config.items():
        if isinstance(value, Mapping):
            _require_sizes(value)
        elif isinstance(value, int) and value > MOST_STEPS:
            raise SchemaError(f"config.{name} is {value}; it must be at most {MOST_STEPS}")
