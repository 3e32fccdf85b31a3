"""Configs of episodes, backbones and training, and the registries that name what there is. Standard library only.

Those of the methods are in `mlcore.method_config`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from typing import Any, Self

from mlcore.errors import ConfigError


class Config:
    """Mixin of the frozen dataclasses below: to and from plain dicts, and range checks that name the field."""

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as plain JSON values."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values; raise ConfigError for a field that does not exist or a value out of range."""
        known = {entry.name: entry for entry in fields(cls)}  # type: ignore[arg-type]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ConfigError(f"{cls.__name__} has no field {unknown[0]!r}; it has {', '.join(known)}")
        built = dict(values)
        if isinstance(built.get("backbone"), Mapping):
            built["backbone"] = BackboneConfig.from_dict(built["backbone"])
        return cls(**built)

    def _require(self, name: str, valid: bool, what: str) -> None:
        if not valid:
            raise ConfigError(f"{name} is {getattr(self, name)!r}; it must be {what}", field=name)


@dataclass(frozen=True, kw_only=True)
class EpisodeConfig(Config):
    """How an episode is drawn.

    within_group: all classes of an episode come from one group (an Omniglot alphabet); smaller groups are left out.
    one_author: all support pictures are by one author and all queries by one other (Lake et al., 2015).
    grouped_share: share of episodes whose classes are taken group by group, the hard kind, where `within_group` is off.
    n_rotations: 4 makes each picture's rotations by 90 degrees classes of their own, 1 leaves them out.
    """

    n_way: int = 5
    k_shot: int = 1
    n_query: int = 5
    within_group: bool = False
    one_author: bool = False
    grouped_share: float = 0.0
    n_rotations: int = 1

    def __post_init__(self) -> None:
        self._require("n_way", self.n_way >= 2, "at least 2")
        self._require("k_shot", self.k_shot >= 1, "at least 1")
        self._require("n_query", self.n_query >= 1, "at least 1")
        self._require("grouped_share", 0 <= self.grouped_share <= 1, "between 0 and 1")
        self._require("n_rotations", self.n_rotations in (1, 4), "1 or 4")


@dataclass(frozen=True, kw_only=True)
class BackboneConfig(Config):
    """Which network embeds a picture, and its size; pretrained ones have their sizes fixed."""

    name: str = "conv4"
    in_channels: int = 1
    image_size: int = 28
    width: int = 64

    def __post_init__(self) -> None:
        self._require("name", self.name in BACKBONES, f"one of {', '.join(BACKBONES)}")
        self._require("in_channels", self.in_channels in (1, 3), "1 or 3")
        self._require("width", 1 <= self.width <= 1024, "between 1 and 1024")
        least = BACKBONES[self.name].least_size
        self._require("image_size", self.image_size >= least, f"at least {least} px for {self.name}")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Config):
    """One meta-training run. Each step draws `episodes_per_step` episodes; the rate falls to 0 along half a cosine.

    steps: 0 trains nothing and saves the method as it begins, for those that work on a pretrained backbone untrained.
    max_minutes: end the schedule by the clock if the steps have not ended it before; 0 is no limit.
    degraded_copies: copies of every picture, spoilt at random, to draw from beside the clean one (characters only).
    degraded_share: share of the draws that are such copies.
    affine: strength of the random affine change of every picture, 0 is none, 1 the usual.
    warped_share: share of the episodes whose pictures are all turned by one angle, mirrored or not and slanted alike:
    alphabets that nobody has drawn.
    optimizer: of the outer loop, `adam` or `sgd`.
    precision: what the backbone computes in, `float32` or `bfloat16` (see `mlcore.training.precision`).
    save_every: steps between the states that a run can be resumed from; 0 saves none.
    """

    steps: int = 10_000
    episodes_per_step: int = 1
    outer_lr: float = 1e-3
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    max_minutes: float = 0.0
    degraded_copies: int = 0
    degraded_share: float = 0.5
    affine: float = 1.0
    warped_share: float = 0.0
    optimizer: str = "adam"
    precision: str = "float32"
    validate_every: int = 500
    validation_episodes: int = 200
    save_every: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        self._require("save_every", self.save_every >= 0, "0 or more")
        self._require("steps", self.steps >= 0, "0 or more")
        self._require("episodes_per_step", self.episodes_per_step >= 1, "at least 1")
        self._require("outer_lr", self.outer_lr > 0, "above 0")
        self._require("weight_decay", self.weight_decay >= 0, "0 or more")
        self._require("clip_norm", self.clip_norm >= 0, "0 or more")
        self._require("max_minutes", self.max_minutes >= 0, "0 or more")
        self._require("degraded_copies", 0 <= self.degraded_copies <= 10, "between 0 and 10")
        self._require("degraded_share", 0 <= self.degraded_share <= 1, "between 0 and 1")
        self._require("affine", 0 <= self.affine <= 3, "between 0 and 3")
        self._require("warped_share", 0 <= self.warped_share <= 1, "between 0 and 1")
        self._require("optimizer", self.optimizer in ("adam", "sgd"), "adam or sgd")
        self._require("precision", self.precision in PRECISIONS, " or ".join(PRECISIONS))
        self._require("validate_every", self.validate_every >= 1, "at least 1")
        self._require("validation_episodes", self.validation_episodes >= 2, "at least 2")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of picture: it fixes the transform, and has at most one live checkpoint on a site."""

    name: str
    transform: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Where a class lives, named without loading it."""

    path: str

    def resolve(self) -> Callable[..., Any]:
        """Import it; this is where torch gets loaded."""
        module, _, name = self.path.rpartition(".")
        found: Callable[..., Any] = getattr(import_module(module), name)
        return found


@dataclass(frozen=True, kw_only=True)
class RegisteredBackbone(Registered):
    """A network that embeds pictures.

    least_size: the smallest picture side that it takes, in pixels. pretrained_on: the pictures that its weights, which
    stay frozen, were learned from; nothing where it comes without weights.
    """

    least_size: int
    pretrained_on: str = ""

    @property
    def pretrained(self) -> bool:
        """Tell whether it comes with weights."""
        return bool(self.pretrained_on)


KINDS: dict[str, Kind] = {
    "characters": Kind(name="characters", transform="characters", description="Characters & drawings"),
    "photos": Kind(name="photos", transform="photos", description="Photos"),
}

SHAPES: dict[str, tuple[int, int]] = {"characters": (1, 56), "photos": (3, 448)}
"""What each transform makes of a picture: channels, and side in pixels."""

BACKBONES: dict[str, RegisteredBackbone] = {
    "conv4": RegisteredBackbone(path="mlcore.backbones.conv4.Conv4", least_size=16),
    "conv6": RegisteredBackbone(path="mlcore.backbones.conv6.Conv6", least_size=32),
    "resnet8": RegisteredBackbone(path="mlcore.backbones.resnet8.ResNet8", least_size=32),
    "efficientnet_lite0": RegisteredBackbone(
        path="mlcore.backbones.efficientnet_lite0.EfficientNetLite0", least_size=32, pretrained_on="ImageNet"
    ),
}

VIEWS: tuple[str, ...] = ("none", "wobble")

PRECISIONS: tuple[str, ...] = ("float32", "bfloat16")
