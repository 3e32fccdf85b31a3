"""The config of Siamese networks."""

from dataclasses import dataclass

from mlcore.method_config.base import MethodConfig
from mlcore.settings import setting


@dataclass(frozen=True, kw_only=True)
class SiameseConfig(MethodConfig):
    """Siamese networks."""

    loss: str = setting(
        "logistic",
        choices=("logistic", "contrastive"),
        label="Loss",
        help="What training makes small: logistic of the weighted L1 distance, as published, or contrastive.",
    )
    margin: float = setting(
        1.0,
        above=0,
        label="Margin",
        help="How far apart contrastive loss pushes pairs of different classes.",
    )
