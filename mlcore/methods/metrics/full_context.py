"""Full context embeddings: Vinyals et al., "Matching networks for one shot learning" (NeurIPS 2016), section 2.1.2.

The LSTMs read embeddings made small by `down`; what they add to a small embedding comes back through `up` and is added
to the whole one, the paper's skip connection. So a checkpoint stays small where the backbone's embedding is large.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

INITIAL_SHARE = 0.1
"""How much of PyTorch's initial `up` is kept: context starts as a small correction."""


class FullContext(nn.Module):
    """Embed each picture in the light of the whole support set.

    size: numbers of an embedding; context_size: of a small one; steps: how often a query looks at the support.
    """

    def __init__(self, size: int, context_size: int, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.down = nn.Linear(size, context_size, bias=False)
        self.up = nn.Linear(context_size, size, bias=False)
        self.read = nn.LSTM(context_size, context_size, batch_first=True, bidirectional=True)
        self.attend = nn.LSTMCell(2 * context_size, context_size)
        with torch.no_grad():
            self.up.weight.mul_(INITIAL_SHARE)

    def forward(self, support: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Embed support (..., s, d), in its order, and queries (..., q, d), each by itself; the shapes stay."""
        small = self._small(support)
        read = self._read(small)
        attended = self._attend(self._small(queries), small + read)
        embedded: tuple[Tensor, Tensor] = (support + self.up(read), queries + self.up(attended))
        return embedded

    def _small(self, embeddings: Tensor) -> Tensor:
        small: Tensor = self.down(functional.normalize(embeddings, dim=-1) * embeddings.shape[-1] ** 0.5)
        return small

    def _read(self, small: Tensor) -> Tensor:
        """Read the support both ways: what g adds to it (..., s, c)."""
        forth, back = self.read(small)[0].chunk(2, -1)
        added: Tensor = forth + back
        return added

    def _attend(self, small: Tensor, keys: Tensor) -> Tensor:
        """Look at the support (..., s, c) from each query (..., q, c): what f adds to it (..., q, c)."""
        query, shape = small.flatten(0, -2), small.shape
        hidden, cell, glimpse = torch.zeros_like(query), torch.zeros_like(query), torch.zeros_like(query)
        for _ in range(self.steps):
            added, cell = self.attend(torch.cat([query, glimpse], -1), (hidden, cell))
            hidden = added + query
            attention = functional.softmax(hidden.reshape(shape) @ keys.transpose(-1, -2), dim=-1)
            glimpse = (attention @ keys).reshape(query.shape)
        return (hidden - query).reshape(shape)
