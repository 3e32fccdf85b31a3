"""The config of Reptile."""

from dataclasses import dataclass

from mlcore.config import OPTIMIZERS
from mlcore.method_config.base import HEAD_INITS, MethodConfig
from mlcore.settings import setting


@dataclass(frozen=True, kw_only=True)
class ReptileConfig(MethodConfig):
    """Reptile."""

    head_init: str = setting(
        "prototypes",
        choices=HEAD_INITS,
        label="Head initialization",
        help="Where the last layer starts: from the prototypes of the support, or from one shared beginning.",
    )
    inner_optimizer: str = setting(
        "adam",
        choices=OPTIMIZERS,
        label="Inner optimizer",
        help="Of the inner loop: adam without momentum, as published, or sgd.",
    )
    inner_lr: float = setting(
        1e-3,
        above=0,
        label="Inner learning rate",
        help="How far a step of the inner loop goes on the pictures of one episode.",
    )
    inner_steps: int = setting(
        8,
        minimum=1,
        maximum=1000,
        label="Inner steps",
        help="Steps on each episode in meta-training. More adapt better, and take that many times as long.",
    )
    inner_batch: int = setting(
        10, minimum=0, label="Inner batch size", help="Pictures of each inner step. 0 takes all of them."
    )
    adapt_steps: int = setting(
        20,
        minimum=1,
        maximum=1000,
        label="Adaptation steps",
        help="Steps, at most, on a person's pictures, all of them in each.",
    )
    norm: str = setting(
        "support",
        choices=("support", "running", "frozen"),
        label="Batch norm statistics",
        help="What brightness and contrast are evened out by. support: those of the support. running: each batch's in "
        "training, the running ones in serving. frozen: the backbone's own, in training too.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("views", self.views == "none", "none where the backbone is adapted")
