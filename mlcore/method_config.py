"""One config for each method, and `METHODS`, the registry of them. Standard library only."""

from dataclasses import dataclass, field

from mlcore.config import BACKBONES, VIEWS, BackboneConfig, Config, Registered

NORMS = ("running", "per_step", "frozen", "support")


@dataclass(frozen=True, kw_only=True)
class MethodConfig(Config):
    """What every method has.

    adapter: hidden units of the small residual network that is trained on top of a pretrained backbone, which itself
    stays frozen; 0 leaves its embedding as it is.
    views: name of the test-time views whose embeddings are averaged when serving (see `mlcore.data.test_time`).
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
    (see `mlcore.methods.metrics.shrunk`).
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
class MamlConfig(MethodConfig):
    """MAML and what varies its inner loop.

    adapts: `all`, or the `head` alone (ANIL). head_init: `prototypes` or `shared` (see
    `mlcore.methods.inner.class_head`). inner_lr: rate of the inner loop. rates: `fixed`; or factors on inner_lr that
    are learned, for each `parameter` (Meta-SGD) or each layer and step, `layer_step` (MAML++).
    inner_steps, adapt_steps: steps in meta-training, and at most when adapting to a person's pictures.
    first_order: leave second derivatives out (FOMAML). first_order_share: share of the meta-training that does so.
    multi_step_share: share of the meta-training over which the loss after every step, not only the last, fades out.
    norm: statistics of batch norm. `running`: meta-training uses each batch's, as published, and serving the running
    ones. `per_step`: likewise, the running ones kept for each inner step apart. `frozen`: the running ones that the
    backbone came with, in meta-training too. `support`: those of the support, for support and queries alike.
    """

    adapts: str = "all"
    head_init: str = "prototypes"
    inner_lr: float = 0.03
    rates: str = "fixed"
    inner_steps: int = 5
    adapt_steps: int = 10
    first_order: bool = False
    first_order_share: float = 0.0
    multi_step_share: float = 0.0
    norm: str = "running"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("adapts", self.adapts in ("all", "head"), "all or head")
        self._require("head_init", self.head_init in ("prototypes", "shared"), "prototypes or shared")
        self._require("inner_lr", self.inner_lr > 0, "above 0")
        self._require("rates", self.rates in ("fixed", "parameter", "layer_step"), "fixed, parameter or layer_step")
        self._require("inner_steps", 1 <= self.inner_steps <= 100, "between 1 and 100")
        self._require("adapt_steps", 1 <= self.adapt_steps <= 1000, "between 1 and 1000")
        self._require("first_order_share", 0 <= self.first_order_share <= 1, "between 0 and 1")
        self._require("multi_step_share", 0 <= self.multi_step_share <= 1, "between 0 and 1")
        self._require("norm", self.norm in NORMS, f"one of {', '.join(NORMS)}")
        whole = self.adapts == "all"
        self._require(
            "norm", whole or self.norm in ("running", "frozen"), "running or frozen where the head alone adapts"
        )
        self._require("views", not whole or self.views == "none", "none where the backbone is adapted")


@dataclass(frozen=True, kw_only=True)
class FomamlConfig(MamlConfig):
    """First-order MAML (Finn et al., 2017, section 5.2)."""

    first_order: bool = True


@dataclass(frozen=True, kw_only=True)
class AnilConfig(MamlConfig):
    """ANIL: Raghu et al., "Rapid learning or feature reuse?" (ICLR 2020); the head alone adapts."""

    adapts: str = "head"


@dataclass(frozen=True, kw_only=True)
class MetaSgdConfig(MamlConfig):
    """Meta-SGD: Li et al., "Meta-SGD: learning to learn quickly for few-shot learning" (2017); learned rates."""

    rates: str = "parameter"


@dataclass(frozen=True, kw_only=True)
class MamlPlusPlusConfig(MamlConfig):
    """MAML++: Antoniou, Edwards & Storkey, "How to train your MAML" (ICLR 2019)."""

    rates: str = "layer_step"
    first_order_share: float = 0.3
    multi_step_share: float = 0.3
    norm: str = "per_step"


@dataclass(frozen=True, kw_only=True)
class BaselineConfig(MethodConfig):
    """Baseline: a linear head learned on the support, over a backbone that stays as it is.

    adapt_steps: steps at most; they end early once the loss stays. adapt_lr: their rate, in units in which 1 always
    leads down. adapt_decay: how strongly the head's weights are drawn to zero.
    """

    adapt_steps: int = 100
    adapt_lr: float = 1.0
    adapt_decay: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("adapt_steps", 1 <= self.adapt_steps <= 1000, "between 1 and 1000")
        self._require("adapt_lr", self.adapt_lr > 0, "above 0")
        self._require("adapt_decay", self.adapt_decay >= 0, "0 or more")


@dataclass(frozen=True, kw_only=True)
class BaselinePlusPlusConfig(BaselineConfig):
    """Baseline++: the head compares by cosine. scale: what cosines are multiplied with."""

    scale: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("scale", self.scale > 0, "above 0")


@dataclass(frozen=True, kw_only=True)
class ReptileConfig(MethodConfig):
    """Reptile. head_init: `prototypes` or `shared` (see `mlcore.methods.inner.class_head`).

    inner_optimizer: `adam` (without momentum, as published) or `sgd`; inner_lr: its rate.
    inner_steps: steps on each episode in meta-training; inner_batch: pictures of each, 0 takes all.
    adapt_steps: steps at most when adapting to a person's pictures, all of them in each.
    norm: statistics of batch norm. `running`: meta-training uses each batch's, and serving the running ones. `frozen`:
    the running ones that the backbone came with, in meta-training too. `support`: those of the support, for queries
    too.
    """

    head_init: str = "prototypes"
    inner_optimizer: str = "adam"
    inner_lr: float = 1e-3
    inner_steps: int = 8
    inner_batch: int = 10
    adapt_steps: int = 20
    norm: str = "running"

    def __post_init__(self) -> None:
        super().__post_init__()
        norms = tuple(norm for norm in NORMS if norm != "per_step")
        self._require("head_init", self.head_init in ("prototypes", "shared"), "prototypes or shared")
        self._require("inner_optimizer", self.inner_optimizer in ("adam", "sgd"), "adam or sgd")
        self._require("inner_lr", self.inner_lr > 0, "above 0")
        self._require("inner_steps", 1 <= self.inner_steps <= 1000, "between 1 and 1000")
        self._require("inner_batch", self.inner_batch >= 0, "0 or more")
        self._require("adapt_steps", 1 <= self.adapt_steps <= 1000, "between 1 and 1000")
        self._require("norm", self.norm in norms, f"one of {', '.join(norms)}")
        self._require("views", self.views == "none", "none where the backbone is adapted")


@dataclass(frozen=True, kw_only=True)
class RelationConfig(MethodConfig):
    """Relation networks. width: channels of the relation module; hidden: units of its first fully connected layer.

    loss: `squared_error` of scores to 0 and 1, as published, or `cross_entropy` over an episode's classes.
    norm: of the relation module, by `group` of each pair's channels or by `batch` of pairs, as published; groups: how
    many groups. difference: show it |class - query| too. distance: add the maps' squared distance to its log-odds.
    """

    width: int = 64
    hidden: int = 8
    loss: str = "squared_error"
    norm: str = "group"
    groups: int = 1
    difference: bool = False
    distance: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("width", 1 <= self.width <= 512, "between 1 and 512")
        self._require("hidden", 1 <= self.hidden <= 4096, "between 1 and 4096")
        self._require("loss", self.loss in ("squared_error", "cross_entropy"), "squared_error or cross_entropy")
        self._require("norm", self.norm in ("group", "batch"), "group or batch")
        divides = self.groups >= 1 and self.width % self.groups == 0
        self._require("groups", divides, f"at least 1 and a divisor of width, {self.width}")


@dataclass(frozen=True, kw_only=True)
class MatchingConfig(MethodConfig):
    """Matching networks. full_context: embed each picture in the light of the whole support set.

    context_size: numbers of the small embedding that full context works on. context_steps: how often a query looks at
    the support in full context.
    """

    full_context: bool = False
    context_size: int = 32
    context_steps: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("context_size", 1 <= self.context_size <= 1024, "between 1 and 1024")
        self._require("context_steps", 1 <= self.context_steps <= 20, "between 1 and 20")


@dataclass(frozen=True, kw_only=True)
class SiameseConfig(MethodConfig):
    """Siamese networks. loss: `logistic` (weighted L1 distance, as published) or `contrastive`.

    margin: how far apart contrastive loss pushes pairs of different classes.
    """

    loss: str = "logistic"
    margin: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("loss", self.loss in ("logistic", "contrastive"), "logistic or contrastive")
        self._require("margin", self.margin > 0, "above 0")


@dataclass(frozen=True, kw_only=True)
class RegisteredMethod(Registered):
    """A method and the dataclass that configures it."""

    config: type[MethodConfig]


METHODS: dict[str, RegisteredMethod] = {
    "maml": RegisteredMethod(path="mlcore.methods.maml.Maml", config=MamlConfig),
    "fomaml": RegisteredMethod(path="mlcore.methods.maml.Maml", config=FomamlConfig),
    "anil": RegisteredMethod(path="mlcore.methods.maml.Maml", config=AnilConfig),
    "meta_sgd": RegisteredMethod(path="mlcore.methods.maml.Maml", config=MetaSgdConfig),
    "maml_plus_plus": RegisteredMethod(path="mlcore.methods.maml.Maml", config=MamlPlusPlusConfig),
    "matching": RegisteredMethod(path="mlcore.methods.matching.Matching", config=MatchingConfig),
    "siamese": RegisteredMethod(path="mlcore.methods.siamese.Siamese", config=SiameseConfig),
    "prototypical": RegisteredMethod(path="mlcore.methods.prototypical.Prototypical", config=PrototypicalConfig),
    "relation": RegisteredMethod(path="mlcore.methods.relation.Relation", config=RelationConfig),
    "reptile": RegisteredMethod(path="mlcore.methods.reptile.Reptile", config=ReptileConfig),
    "baseline": RegisteredMethod(path="mlcore.methods.baseline.Baseline", config=BaselineConfig),
    "baseline_plus_plus": RegisteredMethod(
        path="mlcore.methods.baseline.BaselinePlusPlus", config=BaselinePlusPlusConfig
    ),
}
