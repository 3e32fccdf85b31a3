"""Prototypical networks: Snell, Swersky & Zemel, "Prototypical networks for few-shot learning" (NeurIPS 2017).

A class's prototype is the mean embedding of its support pictures; a query belongs to the nearest one. Distances are squared
Euclidean, as published, divided by the embedding's size and multiplied with a learned scale, so that the softmax is neither
flat nor saturated whatever the backbone; or cosine, with a learned scale (as in Gidaris & Komodakis, CVPR 2018).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.backbones import build_backbone
from mlcore.config import PrototypicalConfig
from mlcore.episode import EpisodeBatch, LabeledSet
from mlcore.errors import CheckpointError
from mlcore.methods.base import Classifier, FewShotMethod, Metrics
from mlcore.views import VIEWS

INITIAL_SCALE = 10.0


class Prototypical(FewShotMethod):
    """Embed, average, compare."""

    def __init__(self, config: PrototypicalConfig) -> None:
        super().__init__(config)
        self.backbone = build_backbone(config.backbone)
        self.log_scale = nn.Parameter(torch.tensor(INITIAL_SCALE).log())

    def features(self, images: Tensor) -> Tensor:
        """Embed: (n, C, H, W) -> (n, embedding_size); averaged over the config's views when not training."""
        views = VIEWS["none" if self.training else self.config.views](images)
        embedding: Tensor = torch.stack([self.backbone(view) for view in views]).mean(0)
        return embedding

    def adapt_features(self, support: LabeledSet) -> "PrototypeClassifier":
        """Average each class's embeddings."""
        prototypes = _class_means(self._project(support.images), support.labels)
        return PrototypeClassifier(self, prototypes, support.images, support.labels)

    def restore(self, state: dict[str, Tensor]) -> "PrototypeClassifier":
        """Rebuild a classifier from its state."""
        try:
            return PrototypeClassifier(self, state["prototypes"], state["support"], state["labels"])
        except KeyError as error:
            raise CheckpointError(f"the classifier's state lacks {error}; learn again") from error

    def scores(self, embeddings: Tensor, prototypes: Tensor) -> Tensor:
        """Compare (..., n, d) with (..., n_way, d): logits (..., n, n_way)."""
        queries = self._project(embeddings)
        dots = queries @ prototypes.transpose(-1, -2)
        if self.config.distance == "euclidean":
            squares = (queries**2).sum(-1, keepdim=True) + (prototypes**2).sum(-1).unsqueeze(-2)
            dots = (2 * dots - squares) / queries.shape[-1]
        return dots * self.log_scale.exp()

    def _project(self, embeddings: Tensor) -> Tensor:
        return functional.normalize(embeddings, dim=-1) if self.config.distance == "cosine" else embeddings

    def accumulate_gradients(self, episodes: EpisodeBatch) -> Metrics:
        """As the default, with all pictures of all episodes embedded in one pass of the backbone.

        Batch norm then sees the whole batch instead of one episode's support, then its query.
        """
        n_episodes, n_support = episodes.support.shape[:2]
        pictures = torch.cat([episodes.support, episodes.query], 1)
        embeddings = self.features(pictures.flatten(0, 1)).unflatten(0, (n_episodes, -1))
        support = self._project(embeddings[:, :n_support])
        prototypes = support.unflatten(1, (episodes.n_way, -1)).mean(2)
        logits = self.scores(embeddings[:, n_support:], prototypes)
        labels = episodes.query_labels.expand(n_episodes, -1)
        loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
        loss.backward()
        accuracy = (logits.argmax(-1) == labels).float().mean()
        return {"loss": loss.item(), "accuracy": accuracy.item()}


class PrototypeClassifier(Classifier):
    """Prototypes, and the support embeddings (n, d) that explain an answer."""

    def __init__(self, method: Prototypical, prototypes: Tensor, support: Tensor, labels: Tensor) -> None:
        super().__init__(method)
        self._prototypical = method
        self._prototypes = prototypes
        self._support = support
        self._labels = labels

    @property
    def n_way(self) -> int:
        return len(self._prototypes)

    @property
    def temperature(self) -> float:
        card = self._prototypical.card
        return 1.0 if card is None else card.temperature

    def logits_of(self, features: Tensor) -> Tensor:
        return self._prototypical.scores(features, self._prototypes)

    def nearest_of(self, features: Tensor, n_nearest: int) -> tuple[Tensor, Tensor]:
        similarity = functional.normalize(features, dim=-1) @ functional.normalize(self._support, dim=-1).T
        best = similarity.topk(min(n_nearest, len(self._support)), dim=-1)
        return best.indices, best.values

    def state(self) -> dict[str, Tensor]:
        return {"prototypes": self._prototypes, "support": self._support, "labels": self._labels}


def _class_means(embeddings: Tensor, labels: Tensor) -> Tensor:
    """Average (n, d) by label: (n_way, d)."""
    counts = torch.bincount(labels)
    sums = embeddings.new_zeros(len(counts), embeddings.shape[-1]).index_add(0, labels, embeddings)
    return sums / counts.unsqueeze(-1)
