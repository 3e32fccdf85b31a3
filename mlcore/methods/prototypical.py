"""Prototypical networks: Snell, Swersky & Zemel, "Prototypical networks for few-shot learning" (NeurIPS 2017).

A class's prototype is the mean embedding of its support pictures; a query belongs to the nearest one. Distances are
squared Euclidean, as published, over the embedding's size and times a learned scale, so that softmax is neither flat
nor saturated whatever the backbone; or cosine, with a learned scale (Gidaris & Komodakis, CVPR 2018). When serving,
the support set may shape the metric (see `mlcore.methods.metrics.shrunk`).

Where classes have unequal numbers of pictures, the mean of few lies farther from everything, its own class's pictures
included, by the scatter within a class over its number of pictures: without a word the class would be answered too
seldom. `UNEQUAL` of that is taken off its distances.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods.base import Classifier, FewShotMethod, Metrics, Watch, part_of, unwatched
from mlcore.methods.metrics.shrunk import shrunk_metric

INITIAL_SCALE = 10.0
UNEQUAL = 0.7
"""Of the distance that chance adds to a mean of few pictures, what is taken off where shots are unequal.

All of it would be right for classes of equal scatter under Euclid's distance. Tried on classes for choosing by
`python -m benchmarks.doctor`, which prints the table.
"""


class Prototypical(FewShotMethod):
    """Embed, average, compare."""

    config: PrototypicalConfig

    def __init__(self, config: PrototypicalConfig) -> None:
        super().__init__(config)
        self.log_scale = nn.Parameter(torch.tensor(INITIAL_SCALE).log())

    def encode(self, inputs: Tensor) -> Tensor:
        """Embed: (n, ...) -> (n, embedding_size)."""
        embedding: Tensor = self.backbone(inputs)
        return embedding

    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> "PrototypeClassifier":
        """Average each class's embeddings."""
        prototypes = class_means(self._project(support.images), support.labels)
        return PrototypeClassifier(self, prototypes, support.images, support.labels)

    def restore(self, state: dict[str, Tensor]) -> "PrototypeClassifier":
        """Rebuild a classifier from its state."""
        return PrototypeClassifier(self, *(part_of(state, name) for name in ("prototypes", "support", "labels")))

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
        """Do as the default, with all pictures of all episodes embedded in one pass of the backbone.

        Batch norm then sees the whole batch instead of one episode's support, then its query. With `take_turns` every
        picture is support once: an episode's pictures give (k_shot + n_query) / k_shot episodes for one embedding.
        """
        embeddings = self._embed_by_class(episodes)
        k_shot = episodes.support.shape[1] // episodes.n_way
        n_turns = embeddings.shape[2] // k_shot if self.config.take_turns else 1
        turns = [self._turn(embeddings.roll(-k_shot * turn, 2), k_shot) for turn in range(n_turns)]
        logits, labels = (torch.cat(part) for part in zip(*turns, strict=True))
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        accuracy = (logits.argmax(-1) == labels).float().mean()
        return {"loss": loss.item(), "accuracy": accuracy.item()}

    def _embed_by_class(self, episodes: EpisodeBatch) -> Tensor:
        """Embed a batch: (episodes, n_way, k_shot + n_query, d), each class's support first."""
        by_class = [
            part.reshape(len(episodes), episodes.n_way, -1, *part.shape[2:])
            for part in (episodes.support, episodes.query)
        ]
        pictures = torch.cat(by_class, 2)
        return self.encode(pictures.flatten(0, 2)).reshape(*pictures.shape[:3], -1)

    def _turn(self, embeddings: Tensor, k_shot: int) -> tuple[Tensor, Tensor]:
        """Take the first k_shot of each class as support: logits (n, n_way) and labels (n,) of the others."""
        n_episodes, n_way, _, size = embeddings.shape
        prototypes = self._project(embeddings[:, :, :k_shot]).mean(2)
        queries = embeddings[:, :, k_shot:].reshape(n_episodes, -1, size)
        labels = torch.arange(n_way, device=queries.device).repeat_interleave(queries.shape[1] // n_way)
        return self.scores(queries, prototypes).flatten(0, 1), labels.repeat(n_episodes)


class PrototypeClassifier(Classifier):
    """Prototypes, and the support embeddings (n, d) that explain an answer."""

    def __init__(self, method: Prototypical, prototypes: Tensor, support: Tensor, labels: Tensor) -> None:
        super().__init__(method, support, labels)
        self._prototypical = method
        self._prototypes = prototypes
        self._metric = None
        self._remoteness: Tensor | None = None
        residuals = support - prototypes[labels]
        if method.config.shrinkage < 1:
            self._metric = shrunk_metric(residuals, method.config.shrinkage)
        if method.config.distance == "euclidean" and len(set(self._shots)) > 1:
            self._remoteness = UNEQUAL * remoteness(residuals, labels)

    def logits_from(self, embeddings: Tensor) -> Tensor:
        if self._metric is None:
            logits = self._prototypical.scores(embeddings, self._prototypes)
        else:
            logits = self._prototypical.scores(self._metric.apply(embeddings), self._metric.apply(self._prototypes))
        if self._remoteness is None:
            return logits
        return logits + self._prototypical.log_scale.exp() / embeddings.shape[-1] * self._remoteness

    def state(self) -> dict[str, Tensor]:
        return {"prototypes": self._prototypes, **super().state()}


def remoteness(residuals: Tensor, labels: Tensor) -> Tensor:
    """Return by how much the mean of so few pictures lies farther from any picture, squared: (n_way,).

    residuals: embeddings less their class's mean, (n, d). The scatter within a class is pooled over all of them; some
    class has two pictures or more.
    """
    shots = torch.bincount(labels)
    return (residuals**2).sum() / (len(labels) - len(shots)) / shots


def class_means(embeddings: Tensor, labels: Tensor) -> Tensor:
    """Average (n, d) by label: (n_way, d)."""
    counts = torch.bincount(labels)
    sums = embeddings.new_zeros(len(counts), embeddings.shape[-1]).index_add(0, labels, embeddings)
    return sums / counts.unsqueeze(-1)
