"""A run's config: one document that says all of a run but where it trains. Standard library only.

It is JSON in a file and on a site's row, and `mlcore.cli.run_options` makes options of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, TypeVar

from mlcore.config import (
    BACKBONES,
    KINDS,
    TRANSFORMS_IN_WORDS,
    EpisodeConfig,
    LoopConfig,
    Shape,
    TrainingConfig,
    require_unchanged_pictures,
    shape_of,
)
from mlcore.data.datasets import DATASETS, DataConfig
from mlcore.documents import Document, value_at, with_defaults
from mlcore.errors import ConfigError
from mlcore.faces.config import FACE_LOSSES, FACES, FaceLossConfig, FaceTrainingConfig
from mlcore.method_config import METHODS
from mlcore.method_config.base import MethodConfig
from mlcore.settings import Config, Setting, setting

RESUMABLE = (
    *("name", "licence", "credit", "data.name", "data.root", "data.download"),
    *("training.steps", "training.max_minutes", "training.validate_every", "training.save_every"),
)
"""The settings that a run may go on with otherwise: labels, where its data lie, when it ends, validates and saves."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RunConfig(Config):
    """What every run says of itself. `method` decides what `method_config` is."""

    deciding: ClassVar[tuple[str, ...]] = ("method",)
    """The settings, by dotted name, that decide which others there are and what is usual for these."""

    name: str | None = setting(None, label="Name", help="Name on the card; else the name of the folder.")
    licence: str = setting("", label="Licence", help="Licence of the weights, for the card.")
    credit: str = setting("", label="Credit", help="Whom to credit, for the card.")
    kind: str
    method: str
    data: DataConfig
    validation_split: str
    training: LoopConfig
    method_config: Config

    @classmethod
    def parts(cls, values: Document) -> dict[str, type[Config]]:
        """Return the configs that it is made of; raise ConfigError for a method that there is not."""
        chosen = cls.settings()["method"]
        method = values.get("method", chosen.default)
        chosen.require(method)
        return {**super().parts(values), "method_config": cls.config_of(method)}

    @classmethod
    def config_of(cls, method: str) -> type[Config]:
        """Return the config of a method."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """Return by dotted name the settings that make a run what it is, whatever its name and its length."""
        document = self.to_dict()
        return {name: value_at(document, name) for name in self.all_settings(document) if name not in RESUMABLE}

    @classmethod
    def usual(cls, values: Document) -> dict[str, Any]:
        """Return by dotted name the defaults that follow from what a document says of its deciding settings."""
        return {}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values and what is usual beside them; raise ConfigError as every config does."""
        return super().from_dict(with_defaults(values, cls.usual(values)))


@dataclass(frozen=True, kw_only=True)
class MetaRunConfig(RunConfig):
    """What `mlcore train` takes: a method is meta-trained in episodes.

    Left to itself, a run takes the backbone and the size of its kind of picture, and the usual splits of its data set.
    """

    deciding = ("method", "kind", "transform", "data.dataset", "method_config.backbone.name", "training.steps")

    kind: str = setting(label="Kind of picture", help=f"One of {', '.join(KINDS)}, or a new one with its transform.")
    transform: str | None = setting(
        None,
        label="Transform",
        help="What is made of a picture of a new kind; plain-84x3 is 84 px in colour, with nothing else done to it.",
    )
    method: str = setting("prototypical", choices=METHODS, label="Method", help="Each has settings of its own.")
    start_from: str | None = setting(
        None, label="Start from", help="A checkpoint, by folder or name, whose backbone is trained further: retraining."
    )
    data: DataConfig = field(default_factory=DataConfig)
    validation_split: str = setting("val", label="Validation split", help="Classes that choose the best weights.")
    allow_overlap: bool = setting(
        False,
        label="Allow overlap",
        help="Trains even where classes that choose are learned from too; the card then says how many.",
    )
    validation_n_way: int = setting(20, minimum=2, label="Validation ways", help="Classes in a validation episode.")
    episodes: EpisodeConfig = field(default_factory=EpisodeConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    method_config: MethodConfig

    @classmethod
    def config_of(cls, method: str) -> type[Config]:
        """Return the config of a method."""
        return METHODS[method].config

    @classmethod
    def usual(cls, values: Document) -> dict[str, Any]:
        """Return what follows from the kind of picture or its transform, from the backbone, and from the data set."""
        usual: dict[str, Any] = {}
        if shape := _shape(values):
            usual["method_config.backbone.in_channels"] = shape.channels
            usual["method_config.backbone.image_size"] = shape.side
            usual["method_config.backbone.name"] = shape.backbone
        backbone = _entry(BACKBONES, value_at(values, "method_config.backbone.name", shape and shape.backbone))
        if backbone and backbone.pretrained:
            method = _entry(METHODS, values.get("method", cls.settings()["method"].default))
            is_trained = value_at(values, "training.steps") != 0
            usual["method_config.adapter"] = method.adapter if method and is_trained else 0
            usual["training.affine"] = 0.0
        if source := _entry(DATASETS, value_at(values, "data.dataset")):
            usual["data.split"], usual["validation_split"], _ = source.usual
        return usual

    def __post_init__(self) -> None:
        super().__post_init__()
        is_name = re.fullmatch("[a-z0-9_-]{1,50}", self.kind) is not None
        self._require("kind", is_name, "small letters, digits, - and _, at most 50 of them")
        self._require("kind", self.kind != FACES, f"another with the method {self.method}, which knows no faces")
        known = KINDS.get(self.kind)
        if known is None and self.transform is None:
            raise ConfigError(f"kind is {self.kind!r}, which is new; name its transform too", field="transform")
        if known is not None and self.transform not in (None, known.transform):
            raise ConfigError(
                f"transform is {self.transform!r}, but pictures of {self.kind} have their own; name a new kind for it",
                field="transform",
            )
        shape = shape_of(self.transform_name)
        if shape is None:
            raise ConfigError(f"transform is {self.transform!r}; it must be {TRANSFORMS_IN_WORDS}", field="transform")
        self._require_shape(shape)
        if self.method_config.is_pretrained:
            require_unchanged_pictures(self.episodes, self.training)

    def _require_shape(self, shape: Shape) -> None:
        """Raise ConfigError if the backbone takes pictures of another shape."""
        backbone = self.method_config.backbone
        if (backbone.in_channels, backbone.image_size) != (shape.channels, shape.side):
            field = "in_channels" if backbone.in_channels != shape.channels else "image_size"
            raise ConfigError(
                f"the backbone takes {backbone.pictures}, but pictures of {self.kind} are {shape}; "
                f"set its in_channels to {shape.channels} and its image_size to {shape.side}",
                field=f"method_config.backbone.{field}",
            )

    def require_start(self, start: MethodConfig, *, name: str) -> None:
        """Raise ConfigError, with the field to change, unless training can go on from a checkpoint's backbone.

        start, name: the checkpoint's config and name.
        """
        own = self.method_config
        unfit = f"start_from is {name!r}, which"
        if start.backbone.pictures != own.backbone.pictures:
            seen = f"takes pictures of {start.backbone.pictures}, and {self.kind} are {own.backbone.pictures}"
            raise ConfigError(f"{unfit} {seen}; choose a checkpoint of the same kind of picture", field="start_from")
        for field_name, needed in start.to_go_on.items():
            value = value_at(own.to_dict(), field_name)
            if value != needed:
                remedy = f"it must be {needed!r} to train {name!r} further; or choose another checkpoint to start from"
                raise ConfigError(f"{field_name} is {value!r}; {remedy}", field=field_name).within("method_config")
        if start.adapter and start.output != own.output:
            seen = f"learned on the {start.output} of its network, and {self.method} works on the {own.output}"
            raise ConfigError(f"{unfit} {seen}; choose another method or checkpoint", field="start_from")

    @property
    def transform_name(self) -> str:
        """Name what becomes of a picture."""
        return self.transform or KINDS[self.kind].transform


@dataclass(frozen=True, kw_only=True)
class FaceRunConfig(RunConfig):
    """What `mlcore faces train` takes: an embedding of faces is trained by a loss, which is its method."""

    kind: str = setting(FACES, choices=(FACES,), label="Kind", help="Embeddings of faces are a kind of their own.")
    method: str = setting(
        "arcface", choices=FACE_LOSSES, option="loss", label="Loss", help="Each has settings of its own."
    )
    data: DataConfig = field(default_factory=DataConfig)
    validation_split: str = setting("val", label="Validation split", help="Other people, who choose the best weights.")
    align: bool = setting(
        True, label="Align", help="Finds the face of each picture and aligns it; else pictures are taken whole."
    )
    training: FaceTrainingConfig = field(default_factory=FaceTrainingConfig)
    method_config: FaceLossConfig

    @classmethod
    def config_of(cls, method: str) -> type[Config]:
        """Return the config of a loss."""
        return FACE_LOSSES[method].config


def run_config_type(*, kind: str | None = None, method: str | None = None) -> type[MetaRunConfig] | type[FaceRunConfig]:
    """Return the type of a run's config, from its kind or its method."""
    return FaceRunConfig if kind == FACES or method in FACE_LOSSES else MetaRunConfig


PARTS = ("episodes", "training", "method_config")
"""The parts of a run's config whose settings people choose; the rest is told by the row and its data."""


def settings_for(method: str) -> dict[str, Setting]:
    """Return the settings that a run of a method has, by dotted name; none where there is no such method."""
    try:
        known = run_config_type(method=method).all_settings({"method": method})
    except ConfigError:
        return {}
    return {name: setting for part in PARTS for name, setting in known.items() if name.startswith(f"{part}.")}


def _shape(values: Document) -> Shape | None:
    """Return what is made of the pictures of a run, as far as its document says it."""
    kind = _entry(KINDS, values.get("kind"))
    transform = values.get("transform") or (kind and kind.transform)
    return shape_of(transform) if isinstance(transform, str) else None


def _entry(registry: Mapping[str, T], name: Any) -> T | None:
    """Look a name up, which may be anything, as documents are not checked yet."""
    return registry.get(name) if isinstance(name, str) else None
