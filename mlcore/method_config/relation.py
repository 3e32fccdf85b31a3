"""The config of relation networks."""

from dataclasses import dataclass
from typing import ClassVar

from mlcore.method_config.base import MethodConfig
from mlcore.settings import setting


@dataclass(frozen=True, kw_only=True)
class RelationConfig(MethodConfig):
    """Relation networks."""

    output: ClassVar[str] = "map"

    width: int = setting(
        64,
        minimum=1,
        maximum=512,
        label="Relation width",
        help="Channels of the relation module, the part of the network that compares.",
    )
    hidden: int = setting(
        8,
        minimum=1,
        maximum=4096,
        label="Relation hidden units",
        help="Units of the relation module's first fully connected layer.",
    )
    loss: str = setting(
        "squared_error",
        choices=("squared_error", "cross_entropy"),
        label="Loss",
        help="What training makes small: the squared error of scores to 0 and 1, as published, or the cross entropy "
        "over an episode's classes.",
    )
    norm: str = setting(
        "group",
        choices=("group", "batch"),
        label="Relation normalization",
        help="What the relation module is evened out by: groups of each pair's channels, or the batch as published.",
    )
    groups: int = setting(
        1, minimum=1, label="Normalization groups", help="How many groups are evened out apart: a divisor of the width."
    )
    difference: bool = setting(
        False, label="Difference input", help="Shows the relation module how class and query differ, too."
    )
    distance: bool = setting(
        False, label="Distance term", help="Adds the squared distance of the two to the relation score's log-odds."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("groups", self.width % self.groups == 0, f"at least 1 and a divisor of width, {self.width}")
