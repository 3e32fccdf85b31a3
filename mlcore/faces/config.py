"""Settings of training a face embedding, and the registries that name what there is. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from mlcore.config import PRECISIONS, Config, Registered

FACES = "faces"
"""The kind of checkpoint that embeds faces; none is a kind of picture that people teach classes of."""


@dataclass(frozen=True, kw_only=True)
class FaceNetworkConfig(Config):
    """Which network embeds a face.

    name: `mobilefacenet`, from scratch, or `head`, a small residual network on the frozen default embedder.
    width: channels of mobilefacenet's first layer, or hidden units of the head.
    embedding_size: numbers of an embedding; the head keeps the default embedder's 128.
    """

    name: str = "mobilefacenet"
    width: int = 64
    embedding_size: int = 128

    def __post_init__(self) -> None:
        self._require("name", self.name in FACE_NETWORKS, f"one of {', '.join(FACE_NETWORKS)}")
        widest = FACE_NETWORKS[self.name].widest
        self._require("width", 8 <= self.width <= widest, f"between 8 and {widest}")
        self._require("embedding_size", 8 <= self.embedding_size <= 256, "between 8 and 256")
        self._require("embedding_size", self.name != "head" or self.embedding_size == 128, "128 with a head")


@dataclass(frozen=True, kw_only=True)
class FaceLossConfig(Config):
    """What every loss has: the network that it trains, and a margin in units of its own."""

    backbone: FaceNetworkConfig = field(default_factory=FaceNetworkConfig)
    margin: float

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values; raise ConfigError for a field that does not exist or a value out of range."""
        network = values.get("backbone")
        built = FaceNetworkConfig.from_dict(network) if isinstance(network, Mapping) else network
        return super().from_dict(values if built is None else {**values, "backbone": built})

    def __post_init__(self) -> None:
        self._require("margin", self.margin > 0, "above 0")


@dataclass(frozen=True, kw_only=True)
class ContrastiveConfig(FaceLossConfig):
    """Siamese networks with contrastive loss. margin: how far apart two people are pushed, 2 being opposite."""

    margin: float = 1.0


@dataclass(frozen=True, kw_only=True)
class TripletConfig(FaceLossConfig):
    """Triplets, semi-hard. margin: by how much a stranger's squared distance is to exceed one's own."""

    margin: float = 0.2


@dataclass(frozen=True, kw_only=True)
class SphereFaceConfig(FaceLossConfig):
    """SphereFace. margin: what angles are multiplied with, a whole number. scale: of the logits."""

    margin: float = 4
    scale: float = 1.0

    def __post_init__(self) -> None:
        self._require("margin", self.margin in (1, 2, 3, 4), "1, 2, 3 or 4")
        self._require("scale", self.scale > 0, "above 0")


@dataclass(frozen=True, kw_only=True)
class CosFaceConfig(FaceLossConfig):
    """CosFace, also AM-Softmax. margin: what is taken from the cosine. scale: of the logits."""

    margin: float = 0.35
    scale: float = 64.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("scale", self.scale > 0, "above 0")


@dataclass(frozen=True, kw_only=True)
class ArcFaceConfig(CosFaceConfig):
    """ArcFace. margin: what is added to the angle, in radians. scale: of the logits."""

    margin: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("margin", self.margin < 1.5, "below 1.5")


@dataclass(frozen=True, kw_only=True)
class FaceTrainingConfig(Config):
    """One run. Each step draws `people_per_step` people and `pictures_per_person` of each.

    lr: of Adam or SGD (`optimizer`); it falls to 0 along half a cosine. jitter: strength of the random changes of every
    picture (turned, scaled, moved, lit), 0 is none; mirroring is always among them.
    The rest is as in `mlcore.config.TrainingConfig`.
    """

    steps: int = 2000
    people_per_step: int = 8
    pictures_per_person: int = 4
    lr: float = 1e-3
    weight_decay: float = 5e-4
    clip_norm: float = 5.0
    max_minutes: float = 0.0
    jitter: float = 1.0
    optimizer: str = "adam"
    precision: str = "float32"
    validate_every: int = 100
    save_every: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        self._require("steps", self.steps >= 1, "at least 1")
        self._require("people_per_step", self.people_per_step >= 2, "at least 2")
        self._require("pictures_per_person", self.pictures_per_person >= 2, "at least 2")
        self._require("lr", self.lr > 0, "above 0")
        self._require("weight_decay", self.weight_decay >= 0, "0 or more")
        self._require("clip_norm", self.clip_norm >= 0, "0 or more")
        self._require("max_minutes", self.max_minutes >= 0, "0 or more")
        self._require("jitter", 0 <= self.jitter <= 3, "between 0 and 3")
        self._require("optimizer", self.optimizer in ("adam", "sgd"), "adam or sgd")
        self._require("precision", self.precision in PRECISIONS, " or ".join(PRECISIONS))
        self._require("validate_every", self.validate_every >= 1, "at least 1")
        self._require("save_every", self.save_every >= 0, "0 or more")


@dataclass(frozen=True, kw_only=True)
class RegisteredFaceNetwork(Registered):
    """A network that embeds faces, the largest width that it takes, and whether it stands on pretrained weights."""

    widest: int
    pretrained: bool = False


@dataclass(frozen=True, kw_only=True)
class RegisteredLoss(Registered):
    """What builds a loss, and the dataclass that configures it."""

    config: type[FaceLossConfig]


FACE_NETWORKS: dict[str, RegisteredFaceNetwork] = {
    "mobilefacenet": RegisteredFaceNetwork(path="mlcore.faces.embedding.mobilefacenet.MobileFaceNet", widest=64),
    "head": RegisteredFaceNetwork(path="mlcore.faces.embedding.head.HeadOnDefault", widest=1024, pretrained=True),
}

FACE_LOSSES: dict[str, RegisteredLoss] = {
    "contrastive": RegisteredLoss(path="mlcore.faces.training.losses.contrastive", config=ContrastiveConfig),
    "triplet": RegisteredLoss(path="mlcore.faces.training.losses.triplet", config=TripletConfig),
    "sphereface": RegisteredLoss(path="mlcore.faces.training.losses.sphereface", config=SphereFaceConfig),
    "cosface": RegisteredLoss(path="mlcore.faces.training.losses.cosface", config=CosFaceConfig),
    "arcface": RegisteredLoss(path="mlcore.faces.training.losses.arcface", config=ArcFaceConfig),
}
