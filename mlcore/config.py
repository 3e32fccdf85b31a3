"""Configs of episodes, backbones and training, and the registries that name what there is. Standard library only.

Those of the methods are in `mlcore.method_config`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mlcore.errors import ConfigError
from mlcore.settings import Config, setting


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of picture: it fixes the transform, and has at most one live checkpoint on a site."""

    name: str
    transform: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a transform makes of a picture: channels, and side in pixels.

    backbone: the network that learns from such pictures unless another is chosen.
    """

    channels: int
    side: int
    backbone: str = "conv4"

    def __str__(self) -> str:
        return f"{self.channels} x {self.side} px"


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Where a class lives, named without loading it."""

    path: str

    def resolve(self) -> Callable[..., Any]:
        """Import it; this is where torch gets loaded."""
        module, _, name = self.path.rpartition(".")
        resolved: Callable[..., Any] = getattr(import_module(module), name)
        return resolved


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
        """Return whether it comes with weights."""
        return bool(self.pretrained_on)


KINDS: dict[str, Kind] = {
    "characters": Kind(name="characters", transform="characters", description="Characters & drawings"),
    "photos": Kind(name="photos", transform="photos", description="Photos"),
}

SHAPES: dict[str, Shape] = {
    "characters": Shape(channels=1, side=56),
    "photos": Shape(channels=3, side=448, backbone="efficientnet_lite2"),
}
"""What each transform makes of a picture, but for the plain ones, whose names say it."""
PLAIN = re.compile(r"plain-(?P<side>[1-9]\d{0,2}|10[01]\d|102[0-4])x(?P<channels>[13])")
"""The name of a plain transform: the side in pixels, of which a picture takes 12 MiB at the most, and the channels."""
OFFERED_TRANSFORMS: tuple[str, ...] = (*SHAPES, "plain-28x1", "plain-84x3")
"""What forms list: with a plain one as papers have Omniglot, and one as they have mini-ImageNet."""
TRANSFORMS_IN_WORDS = (
    "characters, photos, plain-SIDExCHANNELS such as plain-84x3 (up to 1024 px), or one that a program registered"
)


def shape_of(transform: str) -> Shape | None:
    """Return what a transform makes of a picture; None where there is no transform of that name."""
    if plain := PLAIN.fullmatch(transform):
        return Shape(channels=int(plain["channels"]), side=int(plain["side"]))
    return SHAPES.get(transform)


BACKBONES: dict[str, RegisteredBackbone] = {
    "conv4": RegisteredBackbone(path="mlcore.backbones.conv4.Conv4", least_size=16),
    "conv6": RegisteredBackbone(path="mlcore.backbones.conv6.Conv6", least_size=32),
    "resnet8": RegisteredBackbone(path="mlcore.backbones.resnet8.ResNet8", least_size=32),
    **{
        name: RegisteredBackbone(
            path="mlcore.backbones.efficientnet_lite.EfficientNetLite", least_size=32, pretrained_on="ImageNet"
        )
        for name in ("efficientnet_lite0", "efficientnet_lite2")
    },
}

VIEWS: tuple[str, ...] = ("none", "wobble")

PRECISIONS: tuple[str, ...] = ("float32", "bfloat16")

OPTIMIZERS: tuple[str, ...] = ("adam", "sgd")


@dataclass(frozen=True, kw_only=True)
class EpisodeConfig(Config):
    """How an episode is drawn."""

    n_way: int = setting(
        5, minimum=2, label="Ways", help="Classes in an episode. More make training harder, and what is learned better."
    )
    k_shot: int = setting(
        1, minimum=1, label="Shots", help="Support pictures of each class: what is shown before it is asked."
    )
    n_query: int = setting(
        5, minimum=1, label="Queries per class", help="More tell more in each step, and make it slower."
    )
    within_group: bool = setting(
        False,
        label="Within one group",
        help="All classes of an episode come from one group, such as an alphabet; smaller groups are left out.",
    )
    one_author: bool = setting(
        False,
        label="One author each",
        help="All support pictures by one author and all queries by one other, where the data set knows who drew what.",
    )
    grouped_share: float = setting(
        0.0,
        minimum=0,
        maximum=1,
        label="Grouped share",
        help="Share of hard episodes, whose classes are taken group by group.",
    )
    n_rotations: int = setting(
        1,
        choices=(1, 4),
        label="Rotations as classes",
        help="4 makes every quarter turn of a picture a class of its own, 1 does not.",
    )


@dataclass(frozen=True, kw_only=True)
class BackboneConfig(Config):
    """Which network embeds a picture, and its size; pretrained ones have their sizes fixed."""

    name: str = setting(
        "conv4",
        choices=BACKBONES,
        label="Backbone",
        help="The network that embeds a picture. conv4 is small and quick; a pretrained one suits photos.",
    )
    in_channels: int = setting(
        1, choices=(1, 3), label="Channels", help="Colour channels of a picture: 1 for drawings, 3 for photos."
    )
    image_size: int = setting(28, minimum=1, label="Image size", help="Side of the pictures that it sees, in pixels.")
    width: int = setting(
        64,
        minimum=1,
        maximum=1024,
        label="Width",
        help="Channels of the backbone's layers. Twice as wide takes about four times as long.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        least = BACKBONES[self.name].least_size
        self._require("image_size", self.image_size >= least, f"at least {least} px for {self.name}")

    @property
    def pictures(self) -> str:
        """Return in words which pictures it takes."""
        return str(Shape(channels=self.in_channels, side=self.image_size))


@dataclass(frozen=True, kw_only=True)
class LoopConfig(Config):
    """What every training has, be it of episodes or of people; the learning rate falls to 0 along half a cosine."""

    steps: int = setting(
        10_000,
        minimum=0,
        label="Steps",
        help="The run ends after so many, or by the clock if that comes first. 0 saves the method as it begins.",
    )
    max_minutes: float = setting(
        0.0, minimum=0, label="Minutes at most", help="The run ends by the clock. 0 lets the steps alone decide."
    )
    optimizer: str = setting(
        "adam",
        choices=OPTIMIZERS,
        label="Optimizer",
        help="What turns gradients into steps: adam suits most; sgd is plainer and wants a larger learning rate.",
    )
    weight_decay: float = setting(0.0, minimum=0, label="Weight decay", help="Keeps weights small. 0 is none.")
    clip_norm: float = setting(
        0.0, minimum=0, label="Gradient clipping", help="Cuts gradients whose norm is larger. 0 cuts none."
    )
    precision: str = setting(
        "float32",
        choices=PRECISIONS,
        label="Precision",
        help="What the backbone computes in: bfloat16 is faster where the processor knows it; float32 is exact.",
    )
    validate_every: int = setting(
        500, minimum=1, label="Validation interval", help="Steps between two points of the accuracy curve."
    )
    save_every: int = setting(
        1000,
        minimum=0,
        label="Save interval",
        help="Steps between two saved states; a run that breaks off loses no more than these. 0 saves none.",
    )
    seed: int = setting(0, label="Seed", help="The same seed and settings give the same run on the same processor.")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(LoopConfig):
    """One meta-training run."""

    episodes_per_step: int = setting(
        1, minimum=1, label="Episodes per step", help="More make steps steadier, slower and hungrier for memory."
    )
    outer_lr: float = setting(
        1e-3,
        above=0,
        label="Learning rate",
        help="How far a step of the outer loop goes. Too large, and the loss explodes; too small, and nothing moves.",
    )
    degraded_copies: int = setting(
        0,
        minimum=0,
        maximum=10,
        label="Corrupted copies",
        help="Of every picture, to draw from beside the clean one: blurred, thin or noisy. For characters only.",
    )
    degraded_share: float = setting(
        0.5, minimum=0, maximum=1, label="Corrupted share", help="How often a corrupted copy is drawn instead."
    )
    affine: float = setting(
        1.0,
        minimum=0,
        maximum=3,
        label="Affine augmentation",
        help="0 is none, 1 the usual: small random turns, shifts and stretches of every picture.",
    )
    warped_share: float = setting(
        0.0,
        minimum=0,
        maximum=1,
        label="Warped share",
        help="Share of episodes whose pictures are all turned, mirrored and slanted alike: alphabets nobody has drawn.",
    )
    validation_episodes: int = setting(
        200, minimum=2, label="Validation episodes", help="More make the band around the accuracy curve narrower."
    )


UNCHANGED_PICTURES = {
    "training.degraded_copies": 0,
    "training.affine": 0,
    "training.warped_share": 0,
    "episodes.n_rotations": 1,
}
"""What the settings that change pictures have to be where none may be changed."""


def require_unchanged_pictures(episodes: EpisodeConfig, training: TrainingConfig) -> None:
    """Raise ConfigError, with the field to change, for settings that change pictures, as no pretrained backbone allows.

    It sees each picture once for a whole run.
    """
    parts = {"training": training, "episodes": episodes}
    for name, needed in UNCHANGED_PICTURES.items():
        part, _, leaf = name.partition(".")
        value = getattr(parts[part], leaf)
        if value != needed:
            raise ConfigError(f"{name} is {value}; it must be {needed} with a pretrained backbone", field=name)
