"""Few-shot methods: one paper, one file."""

from mlcore.config import METHODS, PrototypicalConfig
from mlcore.methods.base import FewShotMethod


def build_method(name: str, config: PrototypicalConfig) -> FewShotMethod:
    """Build a method, its weights fresh, from its name in `METHODS` and its config."""
    method: FewShotMethod = METHODS[name].resolve()(config)
    return method
