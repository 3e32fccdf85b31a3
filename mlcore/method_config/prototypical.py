"""The config of prototypical networks."""

from dataclasses import dataclass

from mlcore.method_config.base import MethodConfig
from mlcore.settings import setting


@dataclass(frozen=True, kw_only=True)
class PrototypicalConfig(MethodConfig):
    """Prototypical networks."""

    distance: str = setting(
        "euclidean",
        choices=("euclidean", "cosine"),
        label="Distance",
        help="What tells how near a picture is to a prototype: euclidean (squared) as published, or cosine.",
    )
    take_turns: bool = setting(
        False,
        label="Every picture as support",
        help="In training every picture of an episode is support once: it learns more from each embedding.",
    )
    shrinkage: float = setting(
        1.0,
        above=0,
        maximum=1,
        label="Shrinkage",
        help="How far the spread of the support pictures is smoothed when serving; 1 ignores the spread.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("shrinkage", self.shrinkage == 1 or self.distance == "euclidean", "1 with cosine distance")
