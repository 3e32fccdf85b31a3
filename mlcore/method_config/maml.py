"""The configs of MAML and of what varies its inner loop."""

from dataclasses import dataclass

from mlcore.method_config.base import HEAD_INITS, MethodConfig
from mlcore.settings import setting


@dataclass(frozen=True, kw_only=True)
class MamlConfig(MethodConfig):
    """MAML and what varies its inner loop."""

    adapts: str = setting(
        "all",
        choices=("all", "head"),
        label="Adapted layers",
        help="What the inner loop changes: all of the network, or the head alone (ANIL), which is quicker.",
    )
    head_init: str = setting(
        "prototypes",
        choices=HEAD_INITS,
        label="Head initialization",
        help="Where the last layer starts: from the prototypes of the support, or from one shared beginning.",
    )
    inner_lr: float = setting(
        0.03,
        above=0,
        label="Inner learning rate",
        help="How far a step of the inner loop goes on the support of one episode.",
    )
    rates: str = setting(
        "fixed",
        choices=("fixed", "parameter", "layer_step"),
        label="Learned inner rates",
        help="fixed: none. parameter: one for each weight (Meta-SGD). layer_step: for each layer and step (MAML++).",
    )
    inner_steps: int = setting(
        5,
        minimum=1,
        maximum=100,
        label="Inner steps",
        help="Steps of the inner loop in meta-training. More adapt better, and take that many times as long.",
    )
    adapt_steps: int = setting(
        0,
        minimum=0,
        maximum=1000,
        label="Adaptation steps",
        help="Steps of the inner loop, at most, on a person's pictures. 0 takes as many as in meta-training.",
    )
    first_order: bool = setting(
        False, label="First order", help="Leaves second derivatives out (FOMAML): about twice as fast, nearly as good."
    )
    first_order_share: float = setting(
        0.0,
        minimum=0,
        maximum=1,
        label="First-order share",
        help="How much of the meta-training begins without second derivatives.",
    )
    multi_step_share: float = setting(
        0.0,
        minimum=0,
        maximum=1,
        label="Multi-step loss share",
        help="How much of the meta-training looks at the loss after every inner step; it steadies the beginning.",
    )
    norm: str = setting(
        "support",
        choices=("support", "support_affine", "running", "per_step", "per_step_affine", "frozen"),
        label="Batch norm statistics",
        help="What brightness and contrast are evened out by. support: those of the support. running: each batch's in "
        "training, as most papers do, and the running ones in serving. per_step: likewise, kept for each inner step. "
        "…_affine: scales and shifts of each step's own besides (MAML++). frozen: the backbone's own, in training too.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
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
    norm: str = "running"


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
    norm: str = "support_affine"
