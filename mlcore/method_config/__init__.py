"""One config for each method, a file each, and `METHODS`, the registry of them. Standard library only."""

from dataclasses import dataclass

from mlcore.config import Registered
from mlcore.method_config.base import MethodConfig
from mlcore.method_config.baseline import BaselineConfig, BaselinePlusPlusConfig
from mlcore.method_config.maml import AnilConfig, FomamlConfig, MamlConfig, MamlPlusPlusConfig, MetaSgdConfig
from mlcore.method_config.matching import MatchingConfig
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.method_config.relation import RelationConfig
from mlcore.method_config.reptile import ReptileConfig
from mlcore.method_config.siamese import SiameseConfig


@dataclass(frozen=True, kw_only=True)
class RegisteredMethod(Registered):
    """A method and the dataclass that configures it.

    adapter: hidden units on top of a pretrained backbone unless told otherwise. Without any, most methods have next to
    nothing to train there; those that compare by a network of their own have enough.
    """

    config: type[MethodConfig]
    adapter: int = 32


METHODS: dict[str, RegisteredMethod] = {
    "maml": RegisteredMethod(path="mlcore.methods.maml.Maml", config=MamlConfig),
    "fomaml": RegisteredMethod(path="mlcore.methods.maml.Maml", config=FomamlConfig),
    "anil": RegisteredMethod(path="mlcore.methods.maml.Maml", config=AnilConfig),
    "meta_sgd": RegisteredMethod(path="mlcore.methods.maml.Maml", config=MetaSgdConfig),
    "maml_plus_plus": RegisteredMethod(path="mlcore.methods.maml.Maml", config=MamlPlusPlusConfig),
    "matching": RegisteredMethod(path="mlcore.methods.matching.Matching", config=MatchingConfig),
    "siamese": RegisteredMethod(path="mlcore.methods.siamese.Siamese", config=SiameseConfig, adapter=0),
    "prototypical": RegisteredMethod(path="mlcore.methods.prototypical.Prototypical", config=PrototypicalConfig),
    "relation": RegisteredMethod(path="mlcore.methods.relation.Relation", config=RelationConfig, adapter=0),
    "reptile": RegisteredMethod(path="mlcore.methods.reptile.Reptile", config=ReptileConfig),
    "baseline": RegisteredMethod(path="mlcore.methods.baseline.Baseline", config=BaselineConfig),
    "baseline_plus_plus": RegisteredMethod(
        path="mlcore.methods.baseline.BaselinePlusPlus", config=BaselinePlusPlusConfig
    ),
}
