"""What every few-shot method does: adapt to a support set, and learn from episodes."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.backbones import build_backbone
from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.data.test_time_augmentation import VIEWS
from mlcore.errors import AdaptationError, CheckpointError
from mlcore.method_config.base import MethodConfig
from mlcore.methods.metrics.familiar import Acquaintance

if TYPE_CHECKING:
    from mlcore.checkpoints.card import ModelCard

Metrics = dict[str, float]
Watch = Callable[[int, int, float], None]
"""Told of every inner step that is done: (step from 1, steps at most, loss). It may raise, to stop the adaptation."""


def unwatched(step: int, steps: int, loss: float) -> None:
    """Take no notice."""


@dataclass(frozen=True)
class Adaptation:
    """How an adaptation went: inner steps taken, the support's loss at the last (None where there is no loss)."""

    steps: int = 0
    loss: float | None = None


@dataclass(frozen=True)
class Predictions:
    """Answers for n pictures, with their reasons.

    probabilities: (n, n_way), rows sum to 1. nearest: (n, k) int64, places in the support set of the most similar
    pictures, best first. similarity: (n, k), their cosine similarity, -1 to 1. familiarity: (n,), 0..1, how likely each
    is of any of the classes; None where the checkpoint's card cannot say.
    """

    probabilities: Tensor
    nearest: Tensor
    similarity: Tensor
    familiarity: Tensor | None


class Classifier(ABC):
    """A method adapted to one support set. Immutable: nothing done to another classifier changes its answers.

    support: (n, ...) the support pictures' embeddings, which explain an answer; labels: (n,) int64.
    """

    adaptation = Adaptation()

    def __init__(self, method: "FewShotMethod", support: Tensor, labels: Tensor) -> None:
        self._method = method
        self._support = support
        self._labels = labels
        self._shots = torch.bincount(labels).tolist()

    @property
    def n_way(self) -> int:
        return len(self._shots)

    @property
    def temperature(self) -> float:
        """Return what logits are multiplied with before softmax, so that confidence matches accuracy."""
        card = self._method.card
        return 1.0 if card is None else card.temperature_of(self._shots)

    def embeddings_of(self, features: Tensor) -> Tensor:
        """Compute from features what adaptation has changed: (n, ...) -> embeddings (n, ...)."""
        return features

    @abstractmethod
    def logits_from(self, embeddings: Tensor) -> Tensor:
        """Score embeddings that `embeddings_of` gave: (n, ...) -> (n, n_way)."""

    def state(self) -> dict[str, Tensor]:
        """Return all that `FewShotMethod.restore` needs."""
        return {"support": self._support, "labels": self._labels}

    def logits_of(self, features: Tensor) -> Tensor:
        """Score features that `FewShotMethod.features` gave: (n, ...) -> (n, n_way)."""
        return self.logits_from(self.embeddings_of(features))

    def logits(self, images: Tensor) -> Tensor:
        """Score pictures: (n, C, H, W) -> (n, n_way)."""
        return self.logits_of(self._method.features(images))

    def probabilities_of(self, features: Tensor) -> Tensor:
        """Return calibrated probabilities of features: (n, ...) -> (n, n_way)."""
        return self._probabilities(self.logits_of(features))

    def probabilities(self, images: Tensor) -> Tensor:
        """Return calibrated probabilities: (n, C, H, W) -> (n, n_way), rows sum to 1."""
        return self.probabilities_of(self._method.features(images))

    @torch.no_grad()
    def predict(self, images: Tensor, n_nearest: int = 3) -> Predictions:
        """Answer with reasons, embedding each picture once: images (n, C, H, W)."""
        embeddings = self.embeddings_of(self._method.features(images))
        nearest, similarity = self._nearest(embeddings, n_nearest)
        probabilities = self._probabilities(self.logits_from(embeddings))
        return Predictions(probabilities, nearest, similarity, self._familiarity(embeddings))

    @torch.no_grad()
    def familiarity(self, images: Tensor) -> Tensor | None:
        """Return how likely pictures are of any of the classes: (n, C, H, W) -> (n,), 0..1.

        Calibrated on episodes of classes that were never trained on, half of whose queries were strangers. None where
        the checkpoint's card cannot say: see `mlcore.evaluation.rejection.fit_familiarity`.
        """
        return self.familiarity_of(self._method.features(images))

    @torch.no_grad()
    def familiarity_of(self, features: Tensor) -> Tensor | None:
        """Return how likely features are of any of the classes: (n, ...) -> (n,), as `familiarity` does."""
        return self._familiarity(self.embeddings_of(features))

    @torch.no_grad()
    def acquaintance(self, bank: LabeledSet | None) -> Acquaintance:
        """Return what tells pictures of the classes from others; bank: features (m, ...) of other classes."""
        if bank is not None:
            bank = LabeledSet(self.embeddings_of(bank.images), bank.labels)
        return Acquaintance.of(LabeledSet(self._support, self._labels), bank)

    @cached_property
    def _acquaintance(self) -> Acquaintance:
        return self.acquaintance(self._method.bank)

    def _familiarity(self, embeddings: Tensor) -> Tensor | None:
        card = self._method.card
        if card is None or not card.familiarity:
            return None
        weights = torch.tensor(card.familiarity["weights"], device=embeddings.device)
        return (self._acquaintance.columns(embeddings) @ weights).sigmoid()

    def _probabilities(self, logits: Tensor) -> Tensor:
        return functional.softmax(logits * self.temperature, dim=-1)

    def nearest_labels(self, features: Tensor) -> Tensor:
        """Return the class of the support picture that looks most alike: features (n, ...) -> (n,) int64."""
        return self._labels[self._nearest(self.embeddings_of(features), 1)[0][:, 0]]

    @property
    def card(self) -> "ModelCard | None":
        """Return the card of the checkpoint that was adapted."""
        return self._method.card

    def _nearest(self, embeddings: Tensor, n_nearest: int) -> tuple[Tensor, Tensor]:
        """Find the most similar support pictures: places (n, k) int64, cosine similarities (n, k), k <= n_nearest."""
        queries, support = (functional.normalize(rows.flatten(1), dim=1) for rows in (embeddings, self._support))
        best = (queries @ support.T).topk(min(n_nearest, len(support)), dim=1)
        return best.indices, best.values


class FewShotMethod(nn.Module, ABC):
    """An algorithm with its meta-trained weights.

    What becomes of a picture, in this order:
    `inputs` - what neither meta-training nor adaptation changes: a pretrained backbone's output, else the picture;
    `encode` - what meta-training changes and adaptation does not: nothing here, the backbone in most methods;
    `Classifier.embeddings_of` - what adaptation changes too, and then the logits.
    `features` is the first two, which evaluation computes once for each picture, however often it comes up.
    """

    card: "ModelCard | None" = None
    bank: LabeledSet | None = None
    """Features (m, ...) of pictures of other classes, which tell strangers from the known; none where none ship."""
    progress = 0.0
    """How much of the meta-training is over, 0 to 1; the training loop sets it before each step."""

    def __init__(self, config: MethodConfig) -> None:
        """Build the networks."""
        super().__init__()
        self.config = config
        self.pretrained, self.backbone = build_backbone(config)

    @property
    def is_pretrained(self) -> bool:
        """Return whether `inputs` come from a pretrained backbone, and so can be computed once for a whole run."""
        return self.config.is_pretrained

    @property
    def embedding_size(self) -> int:
        """Count the numbers of an embedding."""
        size: int = self.backbone.embedding_size  # type: ignore[assignment]
        return size

    def inputs(self, images: Tensor) -> Tensor:
        """Compute what training does not change: (n, C, H, W) -> (n, ...)."""
        computed: Tensor = self.pretrained(images)
        return computed

    def encode(self, inputs: Tensor) -> Tensor:
        """Compute what adaptation does not change: inputs (n, ...) -> features (n, ...)."""
        return inputs

    def features_of(self, inputs: Tensor) -> Tensor:
        """Compute features from inputs, averaged over test-time augmentations: (n, ...) -> (n, ...)."""
        views = VIEWS[self.config.views](inputs)
        return self.encode(inputs) if len(views) == 1 else torch.stack([self.encode(view) for view in views]).mean(0)

    def features(self, images: Tensor) -> Tensor:
        """Compute inputs, and features of them: (n, C, H, W) -> (n, ...)."""
        return self.features_of(self.inputs(images))

    @abstractmethod
    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> Classifier:
        """Make a classifier from features of a support set and their labels.

        Raise AdaptationError if the inner loop diverges, and whatever `watch` raises.
        """

    @abstractmethod
    def restore(self, state: dict[str, Tensor]) -> Classifier:
        """Rebuild a classifier from its `state()`; raise CheckpointError if a tensor is missing."""

    def adapt(self, support: LabeledSet, watch: Watch = unwatched) -> Classifier:
        """Make a classifier from support pictures (n, C, H, W) and labels (n,); any number of ways and shots."""
        return self.adapt_features(LabeledSet(self.features(support.images), support.labels), watch)

    def begin_training(self, n_classes: int) -> None:
        """Make ready for meta-training on this many classes in all; what it adds, `end_training` takes away again."""

    def end_training(self) -> None:
        """Keep what serving needs alone."""

    def loss(self, classifier: Classifier, query: LabeledSet) -> Tensor:
        """Return the cross-entropy of the classifier's raw logits on features of the query set."""
        return functional.cross_entropy(classifier.logits_of(query.images), query.labels)

    def outer_loss(self, support: LabeledSet, query: LabeledSet) -> Tensor:
        """Return what meta-training lowers, (), from the features of one episode.

        Raise AdaptationError if the inner loop diverges.
        """
        return self.loss(self.adapt_features(support), query)

    def accumulate_gradients(self, episodes: EpisodeBatch) -> Metrics:
        """Leave the mean outer gradient of episodes of `inputs` in `.grad`; return the mean loss.

        An episode that does not settle has no part in either; `diverged` is the share of such, 0..1.
        """
        total, settled = 0.0, 0
        for episode in episodes.episodes():
            support, query = (
                LabeledSet(self.encode(part.images), part.labels) for part in (episode.support, episode.query)
            )
            with suppress(AdaptationError):
                loss = self.outer_loss(support, query)
                if math.isfinite(value := loss.item()):
                    (loss / len(episodes)).backward()
                    total, settled = total + value, settled + 1
        return mean_of_settled(total, settled, len(episodes))


def mean_of_settled(total: float, settled: int, n_episodes: int) -> Metrics:
    """Return the metrics of a step: the mean `loss` of the episodes that settled, and the share of those that did not.

    total: the sum of losses of those that settled; the mean is 0 where none did.
    """
    return {"loss": total / max(settled, 1), "diverged": 1 - settled / n_episodes}


def part_of(state: dict[str, Tensor], name: str) -> Tensor:
    """Return one tensor of a classifier's state; raise CheckpointError if it is missing."""
    try:
        return state[name]
    except KeyError as error:
        raise CheckpointError(f"the classifier's state lacks {error}; learn again") from error
