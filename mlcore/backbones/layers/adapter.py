"""A small residual network on top of a frozen backbone: Houlsby et al., "Parameter-efficient transfer learning for NLP"
(ICML 2019), here over the last layer alone."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional


class Adapter(nn.Module):
    """Add a two-layer correction to an embedding, or to every place of a map.

    The correction starts at zero, so that an adapter without training changes nothing; with no hidden units there is
    none.
    """

    def __init__(self, network: Any, *, output: str, hidden: int) -> None:
        super().__init__()
        self.embedding_size: int = network.embedding_size
        self.map_shape: tuple[int, int, int] = network.map_shape
        self.is_map = output == "map"
        size = self.map_shape[0] if self.is_map else self.embedding_size
        self.down = nn.Linear(size, hidden) if hidden else None
        self.up = nn.Linear(hidden, size) if hidden else None
        if self.up is not None:
            nn.init.zeros_(self.up.weight)
            nn.init.zeros_(self.up.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Correct embeddings (n, d) or maps (n, channels, h, w); the shape stays."""
        if self.down is None or self.up is None:
            return inputs
        places = inputs.movedim(1, -1) if self.is_map else inputs
        correction: Tensor = self.up(functional.relu(self.down(places)))
        return inputs + (correction.movedim(-1, 1) if self.is_map else correction)
