"""The configs of the baselines."""

from dataclasses import dataclass

from mlcore.method_config.base import MethodConfig
from mlcore.settings import setting


@dataclass(frozen=True, kw_only=True)
class BaselineConfig(MethodConfig):
    """Baseline: a linear head learned on the support, over a backbone that stays as it is."""

    adapt_steps: int = setting(
        100,
        minimum=1,
        maximum=1000,
        label="Adaptation steps",
        help="Steps, at most, in which the head learns a person's pictures; they end early once the loss stays.",
    )
    adapt_lr: float = setting(
        1.0,
        above=0,
        label="Adaptation learning rate",
        help="How far a step goes on a person's pictures, in units in which 1 always leads down.",
    )
    adapt_decay: float = setting(
        1e-3,
        minimum=0,
        label="Adaptation weight decay",
        help="Keeps the weights of the head small. 0 is none.",
    )


@dataclass(frozen=True, kw_only=True)
class BaselinePlusPlusConfig(BaselineConfig):
    """Baseline++: the head compares by cosine."""

    scale: float = setting(
        10.0, above=0, label="Cosine scale", help="What cosines are multiplied with: larger makes answers more decided."
    )
