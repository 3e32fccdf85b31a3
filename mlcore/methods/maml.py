"""MAML: Finn, Abbeel & Levine, "Model-agnostic meta-learning for fast adaptation of deep networks" (ICML 2017).

A few gradient steps on the support set adapt the backbone and a head; meta-training seeks the weights from which these
steps lead furthest, by the exact gradient through them. The head starts alike for every class, so one checkpoint serves
any number of ways (see `mlcore.methods.inner.class_head`). FOMAML, ANIL, Meta-SGD and MAML++ are configs of this file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mlcore.backbones.layers.batch_norm import Scales, Statistics, norms_of, recording, replaying
from mlcore.data.episode import LabeledSet
from mlcore.method_config.maml import MamlConfig
from mlcore.methods.base import Adaptation, FewShotMethod, Watch, unwatched
from mlcore.methods.inner.class_head import ClassHead, Weights, balanced_loss
from mlcore.methods.inner.loop import (
    BACKBONE,
    CONVERGED,
    FastClassifier,
    backbone_weights,
    check_loss,
    check_weights,
    detached,
    embed,
    embed_in_parts,
    restore_fast,
    seen_by,
)
from mlcore.methods.inner.rates import InnerRates, StepNorms

BY_SUPPORT = ("support", "support_affine")
"""Choices of `norm` under which the support's statistics normalise it, and the queries."""
BY_STEP = ("per_step", "per_step_affine", "support_affine")
"""Those under which inner steps have statistics, or scales and shifts, of their own."""
LEAST_IMPORTANCE = 0.03


@dataclass(frozen=True)
class Step:
    """Where an inner step led: the fast weights, and the loss before it."""

    number: int
    weights: Weights
    loss: float


class Maml(FewShotMethod):
    """Adapt by gradient steps that meta-training has prepared."""

    config: MamlConfig

    def __init__(self, config: MamlConfig) -> None:
        super().__init__(config)
        self.head = ClassHead(self.embedding_size, init=config.head_init, unit_length=self.is_pretrained)
        self.step_norms: StepNorms | None = None
        if config.norm in BY_STEP:
            affine = config.norm.endswith("_affine")
            self.step_norms = StepNorms(self.backbone, config.inner_steps, affine=affine)
        self.rates = InnerRates(config, self._adapted_shapes())

    def _adapted_shapes(self) -> dict[str, torch.Size]:
        """Return the shapes of what adapts; the head's are those of one class, since all classes share their rates."""
        shapes = {name: value.shape for name, value in self._body().items()}
        return shapes | {"head.weight": torch.Size([self.embedding_size]), "head.bias": torch.Size([1])}

    def train(self, mode: bool = True) -> "Maml":
        """Turn to training or serving; frozen statistics stay as they are in both."""
        super().train(mode)
        if self.config.norm == "frozen":
            self.backbone.eval()
        return self

    def begin_training(self, n_classes: int) -> None:
        """Hold learned rates in full precision while they are learned; start statistics from the backbone's."""
        self.rates.float()
        if self.step_norms is not None:
            self.step_norms.begin(self.backbone)

    def end_training(self) -> None:
        """Store learned rates in half precision, which is precise enough for a rate."""
        self.rates.half()

    def encode(self, inputs: Tensor) -> Tensor:
        """Embed where the head alone adapts, else leave pictures to the inner loop: (n, ...) -> (n, ...)."""
        encoded: Tensor = self.backbone(inputs) if self.config.adapts == "head" else inputs
        return encoded

    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> FastClassifier:
        """Take the inner steps; in meta-training, keep the graph through them."""
        *_, last = self._descend(support, watch)
        return self._classifier(support, last)

    def _learns(self) -> bool:
        """Return whether an outer gradient goes through the inner loop."""
        return torch.is_grad_enabled() and self.head.log_scale.requires_grad

    def _descend(self, support: LabeledSet, watch: Watch) -> Iterator[Step]:
        """Step down the support's loss until it settles; raise AdaptationError if it does not."""
        learns = self._learns()
        steps = self.config.inner_steps if learns else self.config.adapt_steps or self.config.inner_steps
        exact = learns and not (self.config.first_order or self.progress < self.config.first_order_share)
        with torch.enable_grad():
            weights = self._initial_weights(support)
            losses: list[float] = []
            for number in range(1, steps + 1):
                if not learns:
                    weights = detached(weights, leaves=True)
                weights, loss = self._step(weights, support, number, exact=exact)
                losses.append(loss)
                check_loss(loss, losses[0], number, "inner_lr")
                watch(number, steps, loss)
                settled = len(losses) > 1 and abs(losses[-2] - loss) <= CONVERGED
                yield Step(number, weights, loss)
                if settled and not learns:
                    return

    def _initial_weights(self, support: LabeledSet) -> Weights:
        if self._learns():
            embedding, _ = self._embed(self._body(), support.images, 0)
        else:
            embedding, _ = self._embed_all(self._body(), support, 0)
        return self._body() | self.head.initial(embedding, support.labels)

    def _body(self) -> Weights:
        """Return what of the backbone adapts; scales and shifts that the steps have of their own do not."""
        if self.config.adapts != "all":
            return {}
        weights = backbone_weights(self.backbone)
        if self.step_norms is not None and self.step_norms.affine:
            fixed = {f"{BACKBONE}{name}.{part}" for name, _ in norms_of(self.backbone) for part in ("weight", "bias")}
            weights = {name: value for name, value in weights.items() if name not in fixed}
        return weights

    def _step(self, weights: Weights, support: LabeledSet, number: int, *, exact: bool) -> tuple[Weights, float]:
        """Take one inner step; return the new weights and the loss of the old ones."""
        pictures, labels = seen_by(number - 1, support)
        embedding, _ = self._embed(weights, pictures, number - 1)
        loss = balanced_loss(self.head.logits(weights, embedding), labels)
        gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=exact)
        stepped = {
            name: value - self.rates.of(name, number - 1) * gradient
            for (name, value), gradient in zip(weights.items(), gradients, strict=True)
        }
        return stepped, loss.item()

    def _embed(self, weights: Weights, features: Tensor, step: int) -> tuple[Tensor, Statistics | None]:
        """Embed support pictures after this many steps; return the statistics too where they come from the support."""
        if self.config.norm in BY_SUPPORT or (self.step_norms is not None and self.training):
            with recording(self.backbone, self._scales(step)) as statistics:
                embedding = embed(self.backbone, weights, features)
            if self.config.norm in BY_SUPPORT or self.step_norms is None:
                return embedding, statistics
            self.step_norms.update(step, statistics)
            return embedding, None
        with replaying(self.backbone, self._statistics(step), self._scales(step)):
            return embed(self.backbone, weights, features), None

    def _statistics(self, step: int) -> Statistics | None:
        by_step = self.step_norms if self.config.norm not in BY_SUPPORT else None
        return None if by_step is None else by_step.at(step)

    def _scales(self, step: int) -> Scales | None:
        return None if self.step_norms is None else self.step_norms.scales_at(step)

    @torch.no_grad()
    def _embed_all(self, weights: Weights, support: LabeledSet, step: int) -> tuple[Tensor, Statistics | None]:
        """Embed as `_embed` does, however many pictures there are; statistics come from those that the step sees."""
        statistics = self._statistics(step)
        if self.config.norm in BY_SUPPORT:
            _, statistics = self._embed(weights, seen_by(step, support)[0], step)
        with replaying(self.backbone, statistics, self._scales(step)):
            return embed_in_parts(self.backbone, weights, support.images), statistics

    def _classifier(self, support: LabeledSet, step: Step) -> FastClassifier:
        """Serve with the weights after a step. Statistics of single steps serve those steps, running ones queries.

        Scales of single steps serve both: a query after a step has those of that step.
        """
        learns, by_support = self._learns(), self.config.norm in BY_SUPPORT
        weights = step.weights if learns else detached(step.weights, leaves=False)
        if not learns:
            check_weights(weights, "inner_lr")
        scales = self._scales(step.number - 1)
        statistics: Statistics | None = None
        if learns and by_support:
            embedding, statistics = self._embed(weights, support.images, step.number - 1)
        elif by_support:
            embedding, statistics = self._embed_all(weights, support, step.number - 1)
        elif learns:  # meta-training asks for no reasons
            embedding = support.images
        else:
            with replaying(self.backbone, None, scales):
                embedding = embed_in_parts(self.backbone, weights, support.images)
        return FastClassifier(
            self,
            self.head,
            weights,
            embedding,
            support.labels,
            statistics=statistics,
            scales=scales,
            adaptation=Adaptation(step.number, step.loss),
        )

    def restore(self, state: dict[str, Tensor]) -> FastClassifier:
        """Rebuild a classifier from its state."""
        norm = self.config.norm
        return restore_fast(
            self,
            self.head,
            state,
            body=self._body(),
            has_statistics=norm in BY_SUPPORT,
            has_scales=norm.endswith("_affine"),
        )

    def outer_loss(self, support: LabeledSet, query: LabeledSet) -> Tensor:
        """Return the loss after the inner steps; that after earlier steps may count too."""
        importance = self.step_importance()
        losses = [
            importance[step.number - 1] * self.loss(self._classifier(support, step), query)
            for step in self._descend(support, unwatched)
            if importance[step.number - 1]
        ]
        return torch.stack(losses).sum()

    def step_importance(self) -> list[float]:
        """Weigh the loss after each step: alike at first, then more and more the last, and in the end that alone.

        Antoniou et al. (2019), section 3, with the floor of their code: an earlier step weighs 0.03 / steps at least.
        """
        steps, share = self.config.inner_steps, self.config.multi_step_share
        early = max(1 - self.progress / share, LEAST_IMPORTANCE) / steps if self.progress < share else 0.0
        return [early] * (steps - 1) + [1 - early * (steps - 1)]
