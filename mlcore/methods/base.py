"""What every few-shot method does: adapt to a support set, and learn from episodes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.config import PrototypicalConfig
from mlcore.episode import EpisodeBatch, LabeledSet
from mlcore.model_card import ModelCard

Metrics = dict[str, float]


@dataclass(frozen=True)
class Predictions:
    """Answers for n pictures, with their reasons.

    probabilities: (n, n_way), rows sum to 1. nearest: (n, k) int64, places in the support set of the most similar
    pictures, best first. similarity: (n, k), their cosine similarity, -1 to 1.
    """

    probabilities: Tensor
    nearest: Tensor
    similarity: Tensor


class Classifier(ABC):
    """A method adapted to one support set. Immutable: nothing done to another classifier changes its answers."""

    def __init__(self, method: "FewShotMethod") -> None:
        self._method = method

    @property
    @abstractmethod
    def n_way(self) -> int:
        """Count the classes."""

    @abstractmethod
    def logits_of(self, features: Tensor) -> Tensor:
        """Score features that `FewShotMethod.features` gave: (n, ...) -> (n, n_way)."""

    @abstractmethod
    def nearest_of(self, features: Tensor, n_nearest: int) -> tuple[Tensor, Tensor]:
        """Find the most similar support pictures: places (n, k) int64, cosine similarities (n, k), k <= n_nearest."""

    @property
    @abstractmethod
    def temperature(self) -> float:
        """What logits are multiplied with before softmax, so that confidence matches accuracy."""

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """Give all that `FewShotMethod.restore` needs."""

    def logits(self, images: Tensor) -> Tensor:
        """Score pictures: (n, C, H, W) -> (n, n_way)."""
        return self.logits_of(self._method.features(images))

    def probabilities_of(self, features: Tensor) -> Tensor:
        """Give calibrated probabilities of features: (n, ...) -> (n, n_way)."""
        return functional.softmax(self.logits_of(features) * self.temperature, dim=-1)

    def probabilities(self, images: Tensor) -> Tensor:
        """Give calibrated probabilities: (n, C, H, W) -> (n, n_way), rows sum to 1."""
        return self.probabilities_of(self._method.features(images))

    @torch.no_grad()
    def predict(self, images: Tensor, n_nearest: int = 3) -> Predictions:
        """Answer with reasons, embedding each picture once: images (n, C, H, W)."""
        features = self._method.features(images)
        nearest, similarity = self.nearest_of(features, n_nearest)
        return Predictions(self.probabilities_of(features), nearest, similarity)


class FewShotMethod(nn.Module, ABC):
    """An algorithm with its meta-trained weights.

    `features` is the part that adaptation leaves alone: evaluation computes it once for each picture, however many
    episodes the picture comes up in. A method that adapts everything leaves it as the identity.
    """

    card: ModelCard | None = None

    def __init__(self, config: PrototypicalConfig) -> None:
        super().__init__()
        self.config = config

    def features(self, images: Tensor) -> Tensor:
        """Compute what adaptation does not change: (n, C, H, W) -> (n, ...)."""
        return images

    @abstractmethod
    def adapt_features(self, support: LabeledSet) -> Classifier:
        """Make a classifier from features of a support set and their labels."""

    @abstractmethod
    def restore(self, state: dict[str, Tensor]) -> Classifier:
        """Rebuild a classifier from its `state()`; raise CheckpointError if a tensor is missing."""

    def adapt(self, support: LabeledSet) -> Classifier:
        """Make a classifier from support pictures (n, C, H, W) and labels (n,); any number of ways and shots."""
        return self.adapt_features(LabeledSet(self.features(support.images), support.labels))

    def loss(self, classifier: Classifier, query: LabeledSet) -> Tensor:
        """Cross-entropy of the classifier's raw logits on the query set."""
        return functional.cross_entropy(classifier.logits(query.images), query.labels)

    def accumulate_gradients(self, episodes: EpisodeBatch) -> Metrics:
        """Leave the mean outer gradient of the episodes in `.grad`; give the mean loss."""
        total = 0.0
        for episode in episodes.episodes():
            loss = self.loss(self.adapt(episode.support), episode.query) / len(episodes)
            loss.backward()
            total += loss.item()
        return {"loss": total}
