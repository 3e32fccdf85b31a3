"""Fine-tuning baselines: Chen, Liu, Kira, Wang & Huang, "A closer look at few-shot classification" (ICLR 2019).

The backbone learns as an ordinary classifier of all base classes. It then stays frozen, and a new head learns the
support set by itself: a linear one (Baseline), or one that compares by cosine (Baseline++). Unlike the authors' heads,
these start without chance (from zeros, or from prototypes), see the whole support at each step, and weigh classes
alike, so that the order of classes does not matter. Steps are of gradient descent with momentum (Nesterov, 1983), in
units of the loss's curvature: one rate then fits whatever the backbone.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.method_config.baseline import BaselineConfig, BaselinePlusPlusConfig
from mlcore.methods.base import Adaptation, Classifier, FewShotMethod, Metrics, Watch, part_of, unwatched
from mlcore.methods.inner.class_head import balanced_loss
from mlcore.methods.inner.loop import CONVERGED, check_loss
from mlcore.methods.prototypical import class_means

MOMENTUM = 0.9
LEAST_SPREAD = 1e-4
SETTINGS = "adapt_lr or adapt_decay"
Weights = tuple[Tensor, Tensor]
"""Of a head: (n_way, d) and (n_way,)."""


@dataclass(frozen=True)
class Start:
    """Where the steps start: embeddings (n, d) as they see them, weights, and their rate.

    The embeddings are measured from a centre (d,) in a unit ().
    """

    embeddings: Tensor
    weights: Weights
    rate: float
    centre: Tensor
    unit: Tensor


class HeadBaseline(FewShotMethod, ABC):
    """Embed by a backbone that stays as it is, and learn a head by steps down the support's loss."""

    config: BaselineConfig
    base_head: nn.Linear | None

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        self.register_module("base_head", None)

    @abstractmethod
    def start(self, embeddings: Tensor, labels: Tensor) -> Start:
        """Choose where the steps start: embeddings (n, d), labels (n,)."""

    @abstractmethod
    def scores(self, embeddings: Tensor, weights: Weights) -> Tensor:
        """Score embeddings (n, d): logits (n, n_way)."""

    def encode(self, inputs: Tensor) -> Tensor:
        """Embed: (n, ...) -> (n, embedding_size)."""
        embedding: Tensor = self.backbone(inputs)
        return embedding

    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> "HeadClassifier":
        """Learn a head on the support's embeddings, until its loss stays or `adapt_steps` are over."""
        start = self.start(support.images.detach(), support.labels)
        (weight, bias), adaptation = self._descend(start, support.labels, watch)
        weight = weight / start.unit
        weights = (weight, bias - weight @ start.centre)
        return HeadClassifier(self, weights, support.images, support.labels, adaptation)

    def _descend(self, start: Start, labels: Tensor, watch: Watch) -> tuple[Weights, Adaptation]:
        """Follow the loss down; raise AdaptationError if it grows beyond bounds."""
        weights, velocities = start.weights, [torch.zeros_like(tensor) for tensor in start.weights]
        loss, gradients = self._loss_and_gradients(start.embeddings, labels, weights)
        first, step = loss, 0
        for step in range(1, self.config.adapt_steps + 1):
            before = loss
            weights = _move(weights, velocities, gradients, start.rate)
            loss, gradients = self._loss_and_gradients(start.embeddings, labels, weights)
            check_loss(loss, first, step, SETTINGS)
            watch(step, self.config.adapt_steps, loss)
            if abs(before - loss) < CONVERGED:
                break
        return weights, Adaptation(step, loss)

    def _loss_and_gradients(self, embeddings: Tensor, labels: Tensor, weights: Weights) -> tuple[float, list[Tensor]]:
        """Return the loss that adaptation lowers, decay included, and its gradients."""
        weight, bias = (tensor.detach().requires_grad_() for tensor in weights)
        with torch.enable_grad():
            decay = self.config.adapt_decay / 2 * (weight**2).sum()
            loss = balanced_loss(self.scores(embeddings, (weight, bias)), labels) + decay
            gradients = torch.autograd.grad(loss, (weight, bias), materialize_grads=True)
        return loss.item(), list(gradients)

    def restore(self, state: dict[str, Tensor]) -> "HeadClassifier":
        """Rebuild a classifier from its state."""
        weight, bias, support, labels = (part_of(state, name) for name in ("weight", "bias", "support", "labels"))
        return HeadClassifier(self, (weight, bias), support, labels, Adaptation())

    def begin_training(self, n_classes: int) -> None:
        """Add a head over all base classes."""
        self.base_head = nn.Linear(self.embedding_size, n_classes)

    def end_training(self) -> None:
        """Take the head over the base classes away."""
        self.base_head = None

    def accumulate_gradients(self, episodes: EpisodeBatch) -> Metrics:
        """Classify all pictures of the episodes, support and query, among all base classes."""
        if self.base_head is None or episodes.classes is None:
            raise ValueError("meta-training needs begin_training, and episodes that number their classes")
        pictures = torch.cat([episodes.support.flatten(0, 1), episodes.query.flatten(0, 1)])
        parts = (episodes.support_labels, episodes.query_labels)
        classes = episodes.classes.to(pictures.device)
        labels = torch.cat([classes[:, part].flatten() for part in parts])
        embeddings = self.encode(pictures)
        if self.is_pretrained:
            embeddings = embeddings * self.embedding_size**0.5
        logits = self.scores(embeddings, (self.base_head.weight, self.base_head.bias))
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        return {"loss": loss.item(), "accuracy": (logits.argmax(-1) == labels).float().mean().item()}


class Baseline(HeadBaseline):
    """Baseline: a linear head, which starts at zero."""

    def start(self, embeddings: Tensor, labels: Tensor) -> Start:
        """Start at zero, from the centre in units of the spread; the loss's curvature is then at most 1."""
        centre, unit = _spread(embeddings, labels)
        n_way = int(labels.max()) + 1
        weights = embeddings.new_zeros(n_way, embeddings.shape[1]), embeddings.new_zeros(n_way)
        return Start((embeddings - centre) / unit, weights, self.config.adapt_lr, centre, unit)

    def scores(self, embeddings: Tensor, weights: Weights) -> Tensor:
        """Score embeddings (n, d): logits (n, n_way)."""
        return functional.linear(embeddings, *weights)


class BaselinePlusPlus(HeadBaseline):
    """Baseline++: a head of one direction a class, compared by cosine; it starts from prototypes."""

    config: BaselinePlusPlusConfig

    def start(self, embeddings: Tensor, labels: Tensor) -> Start:
        """Start at each class's mean direction, of length 1; the curvature is at most the scale squared."""
        directions = functional.normalize(embeddings)
        weight = functional.normalize(class_means(directions, labels))
        weights = weight, weight.new_zeros(len(weight))
        rate = self.config.adapt_lr / self.config.scale**2
        return Start(directions, weights, rate, torch.zeros_like(weight[0]), weight.new_ones(()))

    def scores(self, embeddings: Tensor, weights: Weights) -> Tensor:
        """Compare embeddings (n, d) by cosine, times the scale: logits (n, n_way). There is no bias."""
        return functional.linear(functional.normalize(embeddings), functional.normalize(weights[0])) * self.config.scale


class HeadClassifier(Classifier):
    """A head's weights, and the support embeddings (n, d) that explain an answer."""

    def __init__(
        self, method: HeadBaseline, weights: Weights, support: Tensor, labels: Tensor, adaptation: Adaptation
    ) -> None:
        super().__init__(method, support, labels)
        self._scores = method.scores
        self._weights = weights
        self.adaptation = adaptation

    def logits_from(self, embeddings: Tensor) -> Tensor:
        return self._scores(embeddings, self._weights)

    def state(self) -> dict[str, Tensor]:
        return {"weight": self._weights[0], "bias": self._weights[1], **super().state()}


def _spread(embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the centre of the classes' means (d,), and the root mean square distance from it (), classes alike."""
    centre = class_means(embeddings, labels).mean(0)
    squares = ((embeddings - centre) ** 2).sum(1, keepdim=True)
    return centre, class_means(squares, labels).mean().sqrt().clamp(min=LEAST_SPREAD)


def _move(weights: Weights, velocities: list[Tensor], gradients: list[Tensor], rate: float) -> Weights:
    """Take a step with Nesterov momentum, whose velocities change in place."""
    for velocity, gradient in zip(velocities, gradients, strict=True):
        velocity.mul_(MOMENTUM).add_(gradient)
    weight, bias = (
        tensor - rate * (gradient + MOMENTUM * velocity)
        for tensor, gradient, velocity in zip(weights, gradients, velocities, strict=True)
    )
    return weight, bias
