"""Keep figures honest: no backbone is trained or measured on the pictures that its weights were learned from."""

from mlcore.config import BACKBONES
from mlcore.data.datasets import DATASETS
from mlcore.errors import ConfigError
from mlcore.method_config.base import MethodConfig


def check_unseen(dataset: str, config: MethodConfig) -> None:
    """Raise ConfigError if the backbone was pretrained on the collection that the data set is a part of."""
    name, source = config.backbone.name, DATASETS[dataset].taken_from
    if source and BACKBONES[name].pretrained_on == source:
        raise ConfigError(
            f"dataset is {dataset!r}, whose pictures are a part of {source}, which {name} was pretrained on: "
            "figures would say nothing of new classes; choose another data set, or a backbone without such weights",
            field="data.dataset",
        )
