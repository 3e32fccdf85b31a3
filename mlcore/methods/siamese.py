"""Siamese networks: Koch, Zemel & Salakhutdinov, "Siamese neural networks for one-shot image recognition" (ICML deep
learning workshop, 2015).

Twin networks embed two pictures, and a score tells whether they show the same class. `logistic`: the log-odds are a
bias less a weighted L1 distance. Koch et al. leave the weights' sign free; here no weight lets a difference speak for
the same class. `contrastive`: Hadsell, Chopra & LeCun, "Dimensionality reduction by learning an invariant mapping"
(CVPR 2006), draws pairs of one class together and pushes others a margin apart; the log-odds are the loss that the pair
would have were it different, less that were it the same. A query's log-odds for a class are those of its best-matching
support picture.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.method_config.siamese import SiameseConfig
from mlcore.methods.base import Classifier, FewShotMethod, Metrics, Watch, part_of, unwatched

INITIAL_SCALE = 10.0
INITIAL_BIAS = 3.0


class Siamese(FewShotMethod):
    """Embed, compare pairs, take the best of each class."""

    config: SiameseConfig

    def __init__(self, config: SiameseConfig) -> None:
        super().__init__(config)
        self.pair: LogisticPair | ContrastivePair
        if config.loss == "logistic":
            self.pair = LogisticPair(self.embedding_size)
        else:
            self.pair = ContrastivePair(config.margin)

    def encode(self, inputs: Tensor) -> Tensor:
        """Embed: (n, ...) -> (n, embedding_size)."""
        embedding: Tensor = self.backbone(inputs)
        return embedding

    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> "SiameseClassifier":
        """Keep the support's embeddings."""
        return SiameseClassifier(self, support.images, support.labels)

    def restore(self, state: dict[str, Tensor]) -> "SiameseClassifier":
        """Rebuild a classifier from its state."""
        return SiameseClassifier(self, *(part_of(state, name) for name in ("support", "labels")))

    def loss(self, classifier: Classifier, query: LabeledSet) -> Tensor:
        """Score all pairs of an episode's pictures, support and query alike."""
        support = classifier.state()
        pictures = torch.cat([support["support"], query.images]).unsqueeze(0)
        return self._pair_loss(pictures, torch.cat([support["labels"], query.labels]))

    def accumulate_gradients(self, episodes: EpisodeBatch) -> Metrics:
        """Do as the default, with all pictures of all episodes embedded in one pass of the backbone."""
        pictures = torch.cat([episodes.support, episodes.query], 1)
        embeddings = self.encode(pictures.flatten(0, 1)).reshape(*pictures.shape[:2], -1)
        classes = torch.arange(episodes.n_way, device=embeddings.device)
        labels = [
            classes.repeat_interleave(part.shape[1] // len(classes)) for part in (episodes.support, episodes.query)
        ]
        loss = self._pair_loss(embeddings, torch.cat(labels))
        loss.backward()
        return {"loss": loss.item()}

    def _pair_loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Average over pairs of (episodes, n, d), labels (n,): same and different weigh half each, however many.

        A picture makes no pair with itself.
        """
        same = labels.unsqueeze(0) == labels.unsqueeze(1)
        apart = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        distances = self.pair.distances(embeddings, embeddings)
        drawn, pushed = distances[:, same & apart], distances[:, ~same]
        return (self.pair.loss_if_same(drawn).mean() + self.pair.loss_if_different(pushed).mean()) / 2


class LogisticPair(nn.Module):
    """Koch et al.'s score of a pair, and its cross-entropy."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.full((size,), INITIAL_SCALE / size))
        self.bias = nn.Parameter(torch.tensor(INITIAL_BIAS))

    def distances(self, some: Tensor, others: Tensor) -> Tensor:
        """Compare (..., n, d) with (..., m, d): weighted L1 distances (..., n, m)."""
        return torch.cdist(some * self.weights, others * self.weights, p=1)

    def log_odds(self, distances: Tensor) -> Tensor:
        """Return the log-odds that pairs at these distances are the same; the shape stays."""
        return self.bias - distances

    def loss_if_same(self, distances: Tensor) -> Tensor:
        """Return -log p(same)."""
        return functional.softplus(-self.log_odds(distances))

    def loss_if_different(self, distances: Tensor) -> Tensor:
        """Return -log p(different)."""
        return functional.softplus(self.log_odds(distances))


class ContrastivePair(nn.Module):
    """Hadsell et al.'s loss of a pair. Distances are per dimension (root mean square), times a learned scale."""

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.margin = margin
        self.log_scale = nn.Parameter(torch.tensor(0.0))

    def distances(self, some: Tensor, others: Tensor) -> Tensor:
        """Compare (..., n, d) with (..., m, d): Euclidean distances (..., n, m)."""
        exact = torch.cdist(some, others, compute_mode="donot_use_mm_for_euclid_dist")
        scaled: Tensor = exact * self.log_scale.exp() / some.shape[-1] ** 0.5
        return scaled

    def log_odds(self, distances: Tensor) -> Tensor:
        """Return the log-odds that pairs at these distances are the same; the shape stays."""
        return self.loss_if_different(distances) - self.loss_if_same(distances)

    def loss_if_same(self, distances: Tensor) -> Tensor:
        """Return half the squared distance."""
        return distances**2 / 2

    def loss_if_different(self, distances: Tensor) -> Tensor:
        """Return half the square of what is missing to the margin."""
        return functional.relu(self.margin - distances) ** 2 / 2


class SiameseClassifier(Classifier):
    """The support embeddings (n, d), with their labels (n,)."""

    def __init__(self, method: Siamese, support: Tensor, labels: Tensor) -> None:
        super().__init__(method, support, labels)
        self._siamese = method

    def logits_from(self, embeddings: Tensor) -> Tensor:
        log_odds = self._siamese.pair.log_odds(self._siamese.pair.distances(embeddings, self._support))
        best = [log_odds[:, self._labels == label].amax(1) for label in range(self.n_way)]
        return torch.stack(best, 1)
