"""Reptile: Nichol, Achiam & Schulman, "On first-order meta-learning algorithms" (2018).

Train on one episode by many steps of an inner optimiser, from weights phi to weights theta, on all of its pictures;
then move phi towards theta. What is left in `.grad` is phi - theta: with an outer rate of 1 and plain SGD, phi becomes
theta; a smaller one is the paper's epsilon. One episode a step is the serial version, several the batched one (the mean
of phi - theta). The head starts alike for every class, so one checkpoint serves any number of ways.
"""

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from mlcore.backbones.layers.batch_norm import Statistics, recording
from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.method_config.reptile import ReptileConfig
from mlcore.methods.base import Adaptation, FewShotMethod, Metrics, Watch, mean_of_settled, unwatched
from mlcore.methods.inner.class_head import WEIGHT, ClassHead, Weights, balanced_loss
from mlcore.methods.inner.loop import (
    BACKBONE,
    CONVERGED,
    FastClassifier,
    backbone_weights,
    check_loss,
    check_weights,
    detached,
    embed,
    restore_fast,
    seen_by,
)

ADAM_BETAS = (0.0, 0.999)
ADAM_EPS = 1e-4
"""Larger than usual: a gradient that is zero but for rounding must not become a whole step."""

Batch = tuple[Tensor, Tensor]
"""Some pictures of an episode (n, ...) and their labels (n,); a class may be missing."""


class Reptile(FewShotMethod):
    """Adapt by an ordinary optimiser from weights that meta-training has brought close to every episode's own."""

    config: ReptileConfig

    def __init__(self, config: ReptileConfig) -> None:
        super().__init__(config)
        self.head = ClassHead(self.embedding_size, init=config.head_init, unit_length=self.is_pretrained)

    def train(self, mode: bool = True) -> "Reptile":
        """Turn to training or serving; frozen statistics stay as they are in both."""
        super().train(mode)
        if self.config.norm == "frozen":
            self.backbone.eval()
        return self

    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> FastClassifier:
        """Take steps on the whole support, until its loss stays or `adapt_steps` are over."""
        steps = self.config.adapt_steps
        weights, losses = self._first_weights(support), list[float]()
        for loss in self._descend(weights, (seen_by(step, support) for step in range(steps))):
            losses.append(loss)
            check_loss(loss, losses[0], len(losses), "inner_lr")
            watch(len(losses), steps, loss)
            if len(losses) > 1 and abs(losses[-2] - loss) <= CONVERGED:
                break
        check_weights(weights, "inner_lr")
        return self._classifier(support, weights, Adaptation(len(losses), losses[-1]))

    def _descend(self, weights: Weights, batches: Iterable[Batch]) -> Iterator[float]:
        """Change weights in place by one step on each batch; yield the loss before it."""
        optimizer = self._optimizer(weights)
        for pictures, labels in batches:
            with torch.enable_grad():
                embedding, _ = self._embed(weights, pictures)
                loss = balanced_loss(self.head.logits(weights, embedding), labels)
                gradients = torch.autograd.grad(loss, list(weights.values()), materialize_grads=True)
            for value, gradient in zip(weights.values(), gradients, strict=True):
                value.grad = gradient
            optimizer.step()
            yield loss.item()

    @torch.no_grad()
    def _first_weights(self, support: LabeledSet) -> Weights:
        """Copy phi, and start a head for the classes of these pictures."""
        body = {name: value.clone() for name, value in backbone_weights(self.backbone).items()}
        weights = body | self.head.initial(self._embed(body, support.images)[0], support.labels)
        return detached(weights, leaves=True)

    def _optimizer(self, weights: Weights) -> torch.optim.Optimizer:
        if self.config.inner_optimizer == "sgd":
            return torch.optim.SGD(weights.values(), lr=self.config.inner_lr)
        return torch.optim.Adam(weights.values(), lr=self.config.inner_lr, betas=ADAM_BETAS, eps=ADAM_EPS)

    def _embed(self, weights: Weights, pictures: Tensor) -> tuple[Tensor, Statistics | None]:
        """Embed (n, ...): (n, d), and the statistics where they come from these pictures."""
        if self.config.norm != "support":
            return embed(self.backbone, weights, pictures), None
        with recording(self.backbone) as statistics:
            return embed(self.backbone, weights, pictures), statistics

    @torch.no_grad()
    def _classifier(self, support: LabeledSet, weights: Weights, adaptation: Adaptation) -> FastClassifier:
        weights = detached(weights, leaves=False)
        embedding, statistics = self._embed(weights, support.images)
        return FastClassifier(
            self, self.head, weights, embedding, support.labels, statistics=statistics, adaptation=adaptation
        )

    def restore(self, state: dict[str, Tensor]) -> FastClassifier:
        """Rebuild a classifier from its state."""
        body, has_statistics = backbone_weights(self.backbone), self.config.norm == "support"
        return restore_fast(self, self.head, state, body=body, has_statistics=has_statistics)

    def accumulate_gradients(self, episodes: EpisodeBatch) -> Metrics:
        """Leave the mean of phi - theta over the episodes in `.grad`; return the mean loss of the inner steps.

        An episode whose theta or loss is no number has no part in either.
        """
        total, settled = 0.0, 0
        for support, query in zip(episodes.support, episodes.query, strict=True):
            labels = torch.cat([episodes.support_labels, episodes.query_labels])
            theta, loss = self._train_on(LabeledSet(torch.cat([support, query]), labels))
            if math.isfinite(loss) and all(value.isfinite().all() for value in theta.values()):
                self._add_difference(theta, share=1 / len(episodes))
                total, settled = total + loss, settled + 1
        return mean_of_settled(total, settled, len(episodes))

    def _train_on(self, episode: LabeledSet) -> tuple[Weights, float]:
        """Take the inner steps on minibatches of an episode; return theta and the mean loss on the way."""
        theta = self._first_weights(episode)
        losses = list(self._descend(theta, self._minibatches(episode)))
        return theta, sum(losses) / len(losses)

    def _minibatches(self, episode: LabeledSet) -> Iterator[Batch]:
        """Go through the episode in random order, again and again, `inner_batch` pictures at a time."""
        size = min(self.config.inner_batch or len(episode.labels), len(episode.labels))
        order = torch.empty(0, dtype=torch.int64)
        for _ in range(self.config.inner_steps):
            if len(order) < size:
                order = torch.cat([order, torch.randperm(len(episode.labels))])
            rows, order = order[:size].to(episode.labels.device), order[size:]
            yield episode.images[rows], episode.labels[rows]

    def _add_difference(self, theta: Weights, *, share: float) -> None:
        """Add phi - theta to `.grad`; the shared head's theta is the mean over classes."""
        after = {name: value for name, value in theta.items() if name.startswith(BACKBONE)}
        phi = {f"{BACKBONE}{name}": parameter for name, parameter in self.backbone.named_parameters()}
        if self.head.shared is not None:
            phi[WEIGHT], after[WEIGHT] = self.head.shared, theta[WEIGHT].mean(0)
        for name, parameter in phi.items():
            difference = (parameter - after[name]).detach() * share
            parameter.grad = difference if parameter.grad is None else parameter.grad + difference
