"""The inner loop's parts: fast weights of a backbone and a head, and the classifier that they make.

Fast weights are tensors by name, `backbone.…` and `head.…`, so that an outer gradient can flow through them.
"""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from mlcore.backbones.layers.batch_norm import Scales, Statistics, norms_of, replaying
from mlcore.data.episode import LabeledSet
from mlcore.errors import AdaptationError
from mlcore.methods.base import Adaptation, Classifier, FewShotMethod, part_of
from mlcore.methods.inner.class_head import BIAS, WEIGHT, ClassHead, Weights

BACKBONE = "backbone."
CONVERGED = 1e-4
"""An adaptation ends early once a step changes the loss by no more than this, in nats."""
AT_ONCE = 256
"""Pictures that one inner step sees at most, so that memory and the time until a cancellation stay bounded."""
DIVERGED = 100.0
"""How far the loss may rise above that of the first step, in nats."""


def backbone_weights(backbone: nn.Module) -> Weights:
    """Return the backbone's parameters as fast weights to start from, each a node of its own in the graph."""
    return {f"{BACKBONE}{name}": parameter.view_as(parameter) for name, parameter in backbone.named_parameters()}


def embed(backbone: nn.Module, weights: Mapping[str, Tensor], features: Tensor) -> Tensor:
    """Embed (n, ...) with fast weights, or leave it as it is where they hold no backbone: (n, d)."""
    own = {name.removeprefix(BACKBONE): value for name, value in weights.items() if name.startswith(BACKBONE)}
    if not own:
        return features
    embedding: Tensor = functional_call(backbone, own, (features,))
    return embedding


@torch.no_grad()
def embed_in_parts(backbone: nn.Module, weights: Mapping[str, Tensor], features: Tensor) -> Tensor:
    """Embed any number of features without gradients, AT_ONCE at a time: (n, ...) -> (n, d)."""
    return torch.cat([embed(backbone, weights, part) for part in features.split(AT_ONCE)])


def seen_by(step: int, support: LabeledSet) -> tuple[Tensor, Tensor]:
    """Return the pictures and labels that a step, from 0, sees: all, or AT_ONCE of more in turn, evenly mixed."""
    n = len(support.labels)
    if n <= AT_ONCE:
        return support.images, support.labels
    rows = _evenly(support)[torch.arange(step * AT_ONCE, (step + 1) * AT_ONCE, device=support.labels.device) % n]
    return support.images[rows], support.labels[rows]


def _evenly(support: LabeledSet) -> Tensor:
    """Order pictures so that each class is spread evenly over all places, whatever its number: (n,) int64."""
    order = support.labels.argsort(stable=True)
    counts = support.shots
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device) - (counts.cumsum(0) - counts)[support.labels[order]]
    return ((rank + 0.5) / counts[support.labels]).argsort(stable=True)


def detached(weights: Weights, *, leaves: bool) -> Weights:
    """Cut weights off their graph; as leaves, a new one can be built upon them."""
    return {name: value.detach().requires_grad_(leaves) for name, value in weights.items()}


def check_loss(loss: float, first: float, step: int, setting: str) -> None:
    """Raise AdaptationError if the loss is no number, or far above that of the first step."""
    if not math.isfinite(loss) or loss > first + DIVERGED:
        raise AdaptationError(
            f"learning did not settle: from {first:.3g} at step 1, the loss came to {loss:.3g} at step {step}; "
            f"lower {setting}"
        )


def check_weights(weights: Weights, setting: str) -> None:
    """Raise AdaptationError if a weight is no number."""
    if not all(value.isfinite().all() for value in weights.values()):
        raise AdaptationError(f"learning did not settle: the last step led to no finite weights; lower {setting}")


class FastClassifier(Classifier):
    """A backbone and a head with weights of this classifier's own.

    statistics, scales: what its norm layers serve with; None leaves the backbone's own in force.
    """

    def __init__(
        self,
        method: FewShotMethod,
        head: ClassHead,
        weights: Weights,
        support: Tensor,
        labels: Tensor,
        *,
        statistics: Statistics | None = None,
        scales: Scales | None = None,
        adaptation: Adaptation | None = None,
    ) -> None:
        super().__init__(method, support, labels)
        self._head = head
        self._weights = weights
        self._statistics = statistics
        self._scales = scales
        if adaptation is not None:
            self.adaptation = adaptation

    def embeddings_of(self, features: Tensor) -> Tensor:
        with replaying(self._method.backbone, self._statistics, self._scales):
            return embed(self._method.backbone, self._weights, features)

    def logits_from(self, embeddings: Tensor) -> Tensor:
        return self._head.logits(self._weights, embeddings)

    def state(self) -> dict[str, Tensor]:
        state = {**super().state(), **self._weights}
        for name, (mean, variance) in (self._statistics or {}).items():
            state |= {f"statistics.{name}.mean": mean, f"statistics.{name}.variance": variance}
        for name, (scale, shift) in (self._scales or {}).items():
            state |= {f"scales.{name}.scale": scale, f"scales.{name}.shift": shift}
        return state


def restore_fast(
    method: FewShotMethod,
    head: ClassHead,
    state: dict[str, Tensor],
    *,
    body: Iterable[str],
    has_statistics: bool,
    has_scales: bool = False,
) -> FastClassifier:
    """Rebuild a classifier from its `state()`; raise CheckpointError if a tensor is missing.

    body: names of the backbone's fast weights.
    """
    layers = [name for name, _ in norms_of(method.backbone)]

    def pairs(kind: str, *parts: str) -> dict[str, tuple[Tensor, Tensor]]:
        one, other = parts
        return {
            name: (part_of(state, f"{kind}.{name}.{one}"), part_of(state, f"{kind}.{name}.{other}")) for name in layers
        }

    return FastClassifier(
        method,
        head,
        {name: part_of(state, name) for name in (WEIGHT, BIAS, *body)},
        part_of(state, "support"),
        part_of(state, "labels"),
        statistics=pairs("statistics", "mean", "variance") if has_statistics else None,
        scales=pairs("scales", "scale", "shift") if has_scales else None,
    )
