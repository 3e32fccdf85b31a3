"""Linear heads for any number of ways: every class starts alike, so that the order of classes does not matter.

`prototypes`: Triantafillou et al., "Meta-Dataset" (ICLR 2020, Proto-MAML): w_k = 2 c_k and b_k = -|c_k|^2, which is
nearest prototype by squared distance. `shared`: one learned vector for all classes, Ye & Chao, "How to train your MAML
to excel in few-shot classification" (ICLR 2022). Embeddings are scaled to a length of about 1, and logits by a learned
factor, so that one inner rate fits whatever the backbone.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.methods.prototypical import INITIAL_SCALE, class_means

WEIGHT, BIAS = "head.weight", "head.bias"
Weights = dict[str, Tensor]


class ClassHead(nn.Module):
    """Make a head's weights for the classes of a support set, and score embeddings with them."""

    def __init__(self, embedding_size: int, *, init: str, unit_length: bool) -> None:
        """init: `prototypes` or `shared`; unit_length: whether embeddings have length 1 as they come."""
        super().__init__()
        self.init = init
        self.shrink = 1.0 if unit_length else embedding_size**-0.5
        self.log_scale = nn.Parameter(torch.tensor(INITIAL_SCALE).log())
        self.shared = nn.Parameter(torch.zeros(embedding_size)) if init == "shared" else None

    def initial(self, embeddings: Tensor, labels: Tensor) -> Weights:
        """Make the weights: embeddings (n, d), labels (n,) -> `head.weight` (n_way, d), `head.bias` (n_way,)."""
        if self.shared is not None:
            n_way = int(labels.max()) + 1
            bias = self.shared.new_zeros(n_way).requires_grad_()  # the inner loop steps from it, as from all others
            return {WEIGHT: self.shared.expand(n_way, -1).clone(), BIAS: bias}
        prototypes = class_means(embeddings * self.shrink, labels)
        return {WEIGHT: 2 * prototypes, BIAS: -(prototypes**2).sum(1)}

    def logits(self, weights: Weights, embeddings: Tensor) -> Tensor:
        """Score (n, d): (n, n_way)."""
        scored: Tensor = embeddings @ weights[WEIGHT].T * self.shrink + weights[BIAS]
        return scored * self.log_scale.exp()


def balanced_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy, classes weighing alike however many pictures they have: (n, n_way), (n,) -> ()."""
    weights = 1 / torch.bincount(labels)[labels].to(logits)
    return (functional.cross_entropy(logits, labels, reduction="none") * weights).sum() / weights.sum()
