"""Few-shot methods: one paper, one file."""

from mlcore.method_config import METHODS
from mlcore.method_config.base import MethodConfig
from mlcore.methods.base import FewShotMethod


def build_method(name: str, config: MethodConfig) -> FewShotMethod:
    """Build a method, its weights fresh, from its name in `METHODS` and its config."""
    method: FewShotMethod = METHODS[name].resolve()(config)
    return method
