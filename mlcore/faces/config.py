"""Settings of training a face embedding, and the registries that name what there is. Standard library only."""

from dataclasses import dataclass, field

from mlcore.config import LoopConfig, Registered
from mlcore.settings import Config, setting

FACES = "faces"
"""The kind of checkpoint that embeds faces; none is a kind of picture that people teach classes of."""


@dataclass(frozen=True, kw_only=True)
class RegisteredFaceNetwork(Registered):
    """A network that embeds faces, the largest width that it takes, and whether it stands on pretrained weights."""

    widest: int
    pretrained: bool = False


FACE_NETWORKS: dict[str, RegisteredFaceNetwork] = {
    "mobilefacenet": RegisteredFaceNetwork(path="mlcore.faces.embedding.mobilefacenet.MobileFaceNet", widest=64),
    "head": RegisteredFaceNetwork(path="mlcore.faces.embedding.head.HeadOnDefault", widest=1024, pretrained=True),
}


@dataclass(frozen=True, kw_only=True)
class FaceNetworkConfig(Config):
    """Which network embeds a face."""

    name: str = setting(
        "mobilefacenet",
        choices=FACE_NETWORKS,
        label="Backbone",
        help="mobilefacenet learns from scratch. head corrects the frozen default embedder, and needs fewer people.",
    )
    width: int = setting(
        64,
        minimum=8,
        label="Width",
        help="Channels of mobilefacenet's first layer, where twice as wide takes about three times as long, or hidden "
        "units of the head, which is quick.",
    )
    embedding_size: int = setting(
        128,
        minimum=8,
        maximum=256,
        label="Embedding size",
        help="Numbers that a face is summed up in; 128 with a head.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        least, widest = self.settings()["width"].minimum, FACE_NETWORKS[self.name].widest
        self._require("width", self.width <= widest, f"between {least} and {widest}")
        self._require("embedding_size", self.name != "head" or self.embedding_size == 128, "128 with a head")


@dataclass(frozen=True, kw_only=True)
class FaceLossConfig(Config):
    """What every loss has: the network that it trains, and a margin in units of its own."""

    backbone: FaceNetworkConfig = field(default_factory=FaceNetworkConfig)
    margin: float = setting(above=0, label="Margin", help="How hard the loss makes it to be recognised.")


@dataclass(frozen=True, kw_only=True)
class ContrastiveConfig(FaceLossConfig):
    """Siamese networks with contrastive loss."""

    margin: float = setting(
        1.0, above=0, label="Margin", help="How far apart two people are pushed; 2 is as far as can be."
    )


@dataclass(frozen=True, kw_only=True)
class TripletConfig(FaceLossConfig):
    """Triplets, semi-hard."""

    margin: float = setting(
        0.2, above=0, label="Margin", help="By how much a stranger is to be further away, in squared distance."
    )


@dataclass(frozen=True, kw_only=True)
class SphereFaceConfig(FaceLossConfig):
    """SphereFace."""

    margin: float = setting(4, choices=(1, 2, 3, 4), label="Margin", help="What angles are multiplied with.")
    scale: float = setting(1.0, above=0, label="Logit scale", help="What logits are multiplied with.")


@dataclass(frozen=True, kw_only=True)
class CosFaceConfig(FaceLossConfig):
    """CosFace, also AM-Softmax."""

    margin: float = setting(
        0.35, above=0, label="Margin", help="What is taken from the cosine to one's own, while it trains."
    )
    scale: float = setting(64.0, above=0, label="Logit scale", help="What logits are multiplied with.")


@dataclass(frozen=True, kw_only=True)
class ArcFaceConfig(CosFaceConfig):
    """ArcFace."""

    margin: float = setting(
        0.5, above=0, below=1.5, label="Margin", help="What is added to the angle, in radians, while it trains."
    )


@dataclass(frozen=True, kw_only=True)
class FaceTrainingConfig(LoopConfig):
    """One run. Each step draws `people_per_step` people, and `pictures_per_person` of each."""

    steps: int = setting(
        2000, minimum=1, label="Steps", help="The run ends after so many, or by the clock if that comes first."
    )
    weight_decay: float = 5e-4
    clip_norm: float = 5.0
    validate_every: int = 100
    save_every: int = 500
    people_per_step: int = setting(
        8, minimum=2, label="People per step", help="At most as many as the data set trains on."
    )
    pictures_per_person: int = setting(
        4, minimum=2, label="Pictures per person", help="In each step, so that there is somebody to recognise."
    )
    lr: float = setting(
        1e-3,
        above=0,
        label="Learning rate",
        help="How far a step goes. Too large, and the loss explodes; too small, and nothing moves.",
    )
    jitter: float = setting(
        1.0,
        minimum=0,
        maximum=3,
        label="Augmentation",
        help="Strength of the random changes of every picture: turned, scaled, moved, lit. 0 is none, 1 the usual.",
    )


@dataclass(frozen=True, kw_only=True)
class RegisteredLoss(Registered):
    """What builds a loss, and the dataclass that configures it."""

    config: type[FaceLossConfig]


FACE_LOSSES: dict[str, RegisteredLoss] = {
    "contrastive": RegisteredLoss(path="mlcore.faces.training.losses.contrastive", config=ContrastiveConfig),
    "triplet": RegisteredLoss(path="mlcore.faces.training.losses.triplet", config=TripletConfig),
    "sphereface": RegisteredLoss(path="mlcore.faces.training.losses.sphereface", config=SphereFaceConfig),
    "cosface": RegisteredLoss(path="mlcore.faces.training.losses.cosface", config=CosFaceConfig),
    "arcface": RegisteredLoss(path="mlcore.faces.training.losses.arcface", config=ArcFaceConfig),
}
