"""What a model card may hold, key by key: one schema for the library, its commands and the site.

Standard library only. It bounds every length and every number, so that whoever shows a card need not ask again.
"""

from collections.abc import Mapping
from typing import Any

from mlcore.config import TRANSFORMS_IN_WORDS, shape_of
from mlcore.errors import ConfigError
from mlcore.faces.config import FACE_LOSSES, FACES
from mlcore.method_config import METHODS
from mlcore.schemas import Flag, Keyed, Listed, Maybe, Number, Plain, Record, SchemaError, Text, Whole

MOST_STEPS = 100_000
"""The largest whole number in a method's config: more steps or units than these nobody waits for."""
SHARE = Number(0, 1)
KIND = Text(50, "[a-z0-9_-]{1,50}", "small letters, digits, - and _, at most 50 of them")
NAME = Text(200, r"[^\n]*\S[^\n]*", "one line of text")
DIGEST = Text(64)
CLASS_NAMES = Maybe(Listed(Text(300), 100_000))
LEARNED = {"name": Text(), "split": Text(), "class_names": CLASS_NAMES}
DATA = Record(
    optional={
        **LEARNED,
        **dict.fromkeys(("validation_split", "fingerprint", "calibration"), Text()),
        **dict.fromkeys(("classes", "pictures", "validation_overlap", "not_found"), Whole()),
    },
    others=Plain(2),
)
ORIGIN = {"name": NAME, "digest": DIGEST}
SETTINGS = Plain(3)
TRAINING = Record(
    optional={
        "start_from": Maybe(Record(ORIGIN)),
        "ancestors": Listed(Record(ORIGIN, {"data": Record(optional=LEARNED)}), 100),
        "episodes": Keyed(SETTINGS),
        "config": Keyed(SETTINGS),
        "validation": Record(optional={"accuracy": SHARE, "ci95": SHARE, "step": Number(0)}, others=Number()),
        "diverged": SHARE,
        "minutes": Number(0, 1e7),
        "seed": Whole(-(2**53)),
        **dict.fromkeys(("device", "torch", "machine", "learned_here"), Text()),
    },
    others=Plain(2),
)
RESULT = Record(
    optional={
        "dataset": Text(),
        "protocol": Text(),
        "accuracy": SHARE,
        "ci95": Maybe(SHARE),
        "ece": Maybe(SHARE),
        "lost": Number(-1, 1),
        "episodes": Whole(),
        "steps": Whole(),
        "seed": Whole(-(2**53)),
        "adapt_seconds": Number(0, 1e6),
        "transductive": Flag(),
        "command": Text(4000),
    },
    others=Plain(2),
)
PACKAGE = Record(optional={"version": Text(), "sha256": Text()}, others=Text())
CARD = Record(
    required={"name": NAME, "kind": KIND, "method": Text(), "config": Keyed(SETTINGS), "transform": Text()},
    optional={
        "digest": DIGEST,
        "temperature": Number(1e-6, 1e6),
        "temperature_growth": Number(-20, 20),
        "not_sure_below": SHARE,
        "parameters": Whole(),
        "data": DATA,
        "training": TRAINING,
        "results": Listed(RESULT),
        "packages": Keyed(PACKAGE, 20),
        "command": Text(20_000),
        "created": Text(),
        "licence": Text(1000),
        "credit": Text(2000),
        "notes": Text(4000),
    },
)
"""The keys of `card.json`."""


class UsableCard:
    """A card whose names and settings are known here, too: what a site can show and serve."""

    def require(self, value: Any, at: str = "") -> None:
        """Raise SchemaError unless a card of these values could be shown and served."""
        CARD.require(value, at)
        methods = FACE_LOSSES if value["kind"] == FACES else METHODS
        if value["method"] not in methods:
            raise SchemaError(f"method is {value['method']!r:.60}; it must be one of {', '.join(methods)}")
        if value["kind"] != FACES and shape_of(value["transform"]) is None:
            raise SchemaError(f"transform is {value['transform']!r:.60}; it must be {TRANSFORMS_IN_WORDS}")
        _require_sizes(value["config"])
        try:
            methods[value["method"]].config.from_dict(value["config"])
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
