"""What is known of a checkpoint: `card.json` beside the weights (Mitchell et al., "Model cards", FAT* 2019)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import harmonic_mean
from typing import Any, Self

from mlcore.checkpoints.card_schema import CARD
from mlcore.checkpoints.commands import portable
from mlcore.checkpoints.operating_points import OperatingPoint, point_for
from mlcore.errors import CheckpointError
from mlcore.schemas import UNFIT, SchemaError, read_json

PRETRAINED = Path(__file__).parents[1] / "pretrained"
CARD_FILE = "card.json"
WEIGHTS_FILE = "weights.safetensors"
MOST_CARD_BYTES = 16 * 2**20
"""What a card may take, in a folder and in a zip: its class names alone may be twice 4 MB, see `lineage`."""
MOST_COMMAND, MOST_NOTES = 20_000, 4000
"""The characters that a card keeps of either."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """A checkpoint's card.

    kind: what it is for (`characters`, `photos`, ...). transform: what `mlcore.data.images.find_transform` finds.
    method, config: name in `METHODS` and the fields of its config. digest: SHA-256 of the weights file. temperature:
    what logits are multiplied with before softmax at one picture a class; at k pictures, it grows with k **
    temperature_growth. not_sure_below: confidence under which no class should be named alone. familiarity: how
    strangers are told, from `mlcore.evaluation.rejection`: the weights, the bank, and the points that were measured;
    nothing where they are not. data: what it learned from (name, split, fingerprint, counts). training: config, seed
    and time. results: measured figures, each with its protocol and the command that gives it. packages: pretrained
    weights that stay in their packages, with versions and SHA-256. command: what made it, without a folder of the
    machine it ran on; half a command would make something else, so one that is too long is left out. notes: cut where
    they are too long.
    """

    name: str
    kind: str
    method: str
    config: dict[str, Any]
    transform: str
    digest: str = ""
    temperature: float = 1.0
    temperature_growth: float = 0.0
    not_sure_below: float = 0.6
    familiarity: dict[str, Any] = field(default_factory=dict)
    parameters: int = 0
    data: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)
    packages: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    created: str = ""
    licence: str = ""
    credit: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        command = portable(self.command)
        is_kept = len(command) <= MOST_COMMAND and not UNFIT.search(command)
        object.__setattr__(self, "command", command if is_kept else "")
        object.__setattr__(self, "notes", UNFIT.sub("", self.notes)[:MOST_NOTES])

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values; raise CheckpointError, with the place, for what a card may not hold."""
        try:
            CARD.require(values)
        except SchemaError as error:
            raise CheckpointError(f"the card cannot be used: {error}") from error
        return cls(**values)

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Build from the text of `card.json`; raise CheckpointError if that is not what a card is."""
        _require_room(len(text))
        try:
            return cls.from_dict(read_json(text))
        except SchemaError as error:
            raise CheckpointError(f"the card cannot be used: {error}") from error

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a checkpoint's card; raise CheckpointError if it is missing or damaged."""
        path = folder / CARD_FILE
        try:
            with path.open("rb") as file:
                return cls.from_json(file.read(MOST_CARD_BYTES + 1))
        except OSError as error:
            raise CheckpointError(f"no readable card at {path}: {error}") from error

    def require_readable(self) -> None:
        """Raise CheckpointError, with the place, unless what is written of this card can be read again."""
        self.from_dict(self.to_dict())
        _require_room(len(self.to_json().encode()))

    def temperature_of(self, shots: Sequence[int]) -> float:
        """Return what logits are multiplied with, from the number of support pictures of each class."""
        k_shot = harmonic_mean(shots)
        return self.temperature * float(k_shot**self.temperature_growth)

    def operating_point(self, shots: Sequence[int]) -> OperatingPoint | None:
        """Return what was measured nearest to a support set of so many pictures in each class; None if nothing was."""
        return point_for(self.familiarity["points"], shots) if self.familiarity else None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return asdict(self)

    def to_json(self) -> str:
        """Return the text of `card.json`."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"


def _require_room(n_bytes: int) -> None:
    if n_bytes > MOST_CARD_BYTES:
        raise CheckpointError(f"the card is larger than {MOST_CARD_BYTES} bytes, the most that one may take")


def pretrained_cards() -> dict[str, ModelCard]:
    """Read the cards of the checkpoints that ship, by folder name."""
    return {path.parent.name: ModelCard.read(path.parent) for path in sorted(PRETRAINED.glob(f"*/{CARD_FILE}"))}
