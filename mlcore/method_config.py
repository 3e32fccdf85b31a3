"""One config for each method, and `METHODS`, the registry of them. Standard library only."""

from dataclasses import dataclass, field

from mlcore.config import BACKBONES, VIEWS, BackboneConfig, Config, Registered


@dataclass(frozen=True, kw_only=True)
class MethodConfig(Config):
    """What every method has.

    adapter: hidden units of the small residual network that is trained on top of a pretrained backbone, which itself
    stays frozen; 0 leaves its embedding as it is.
    views: name of the test-time views whose embeddings are averaged when serving (see `mlcore.views`).
    """

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    adapter: int = 0
    views: str = "none"

    def __post_init__(self) -> None:
        self._require("adapter", 0 <= self.adapter <= 4096, "between 0 and 4096")
        pretrained = BACKBONES[self.backbone.name].pretrained
        self._require("adapter", pretrained or self.adapter == 0, f"0 with {self.backbone.name}, which is trained")
        self._require("views", self.views in VIEWS, f"one of {', '.join(VIEWS)}")
        self._require("views", not pretrained or self.views == "none", f"none with {self.backbone.name}")


@dataclass(frozen=True, kw_only=True)
class PrototypicalConfig(MethodConfig):
    """Prototypical networks. distance: `euclidean` (squared, as published) or `cosine`.

    take_turns: in training, let every picture of an episode be support once, for one embedding of it.
    shrinkage: how far the metric that the support's scatter gives is drawn towards Euclid's when serving; 1 is wholly
    (see `mlcore.methods.shrunk_metric`).
    """

    distance: str = "euclidean"
    take_turns: bool = False
    shrinkage: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("distance", self.distance in ("euclidean", "cosine"), "euclidean or cosine")
        self._require("shrinkage", 0 < self.shrinkage <= 1, "above 0 and at most 1")
        self._require("shrinkage", self.shrinkage == 1 or self.distance == "euclidean", "1 with cosine distance")


@dataclass(frozen=True, kw_only=True)
class RegisteredMethod(Registered):
    """A method and the dataclass that configures it."""

    config: type[MethodConfig]


METHODS: dict[str, RegisteredMethod] = {
    "prototypical": RegisteredMethod(path="mlcore.methods.prototypical.Prototypical", config=PrototypicalConfig),
}
