"""The config of matching networks."""

from dataclasses import dataclass

from mlcore.method_config.base import MethodConfig
from mlcore.settings import setting


@dataclass(frozen=True, kw_only=True)
class MatchingConfig(MethodConfig):
    """Matching networks."""

    full_context: bool = setting(
        False,
        label="Full context embeddings",
        help="Embeds each picture in the light of the whole support set. Slower.",
    )
    context_size: int = setting(
        32,
        minimum=1,
        maximum=1024,
        label="Context size",
        help="Numbers of the small embedding that full context works on.",
    )
    context_steps: int = setting(
        3,
        minimum=1,
        maximum=20,
        label="Context steps",
        help="How often a query looks at the support in full context.",
    )
