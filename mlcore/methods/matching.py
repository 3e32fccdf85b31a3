"""Matching networks: Vinyals et al., "Matching networks for one shot learning" (NeurIPS 2016).

A query looks at every support picture, with attention that is a softmax over cosine similarities times a learned
scale, and a class's probability is the attention that its pictures get. As published, a class with more pictures gets
more of it; here each picture counts 1 / (pictures of its class), so that every class weighs alike whatever its shots.
With equal shots, as in the paper, that is the same.

With `full_context` the embeddings depend on the whole support set (see `mlcore.methods.metrics.full_context`). The
order of the support then matters: it is read class by class, and within a class as it comes. So permuting the classes
is promised to permute the answer only without full context.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.method_config.matching import MatchingConfig
from mlcore.methods.base import Classifier, FewShotMethod, Metrics, Watch, part_of, unwatched
from mlcore.methods.metrics.full_context import FullContext

INITIAL_SCALE = 10.0


class Matching(FewShotMethod):
    """Embed, look at every support picture, add up by class."""

    config: MatchingConfig

    def __init__(self, config: MatchingConfig) -> None:
        super().__init__(config)
        self.log_scale = nn.Parameter(torch.tensor(INITIAL_SCALE).log())
        self.context = None
        if config.full_context:
            self.context = FullContext(self.embedding_size, config.context_size, config.context_steps)

    def encode(self, inputs: Tensor) -> Tensor:
        """Embed: (n, ...) -> (n, embedding_size)."""
        embedding: Tensor = self.backbone(inputs)
        return embedding

    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> "MatchingClassifier":
        """Keep the support's embeddings."""
        return MatchingClassifier(self, support.images, support.labels)

    def restore(self, state: dict[str, Tensor]) -> "MatchingClassifier":
        """Rebuild a classifier from its state."""
        return MatchingClassifier(self, *(part_of(state, name) for name in ("support", "labels")))

    def scores(self, queries: Tensor, support: Tensor, labels: Tensor) -> Tensor:
        """Compare (..., q, d) with the support (..., s, d) of labels (s,): log probabilities (..., q, n_way)."""
        if self.context is not None:
            order = labels.argsort(stable=True)
            labels = labels[order]
            support, queries = self.context(support[..., order, :], queries)
        cosines = functional.normalize(queries, dim=-1) @ functional.normalize(support, dim=-1).transpose(-1, -2)
        return class_log_probabilities(cosines * self.log_scale.exp(), labels)

    def accumulate_gradients(self, episodes: EpisodeBatch) -> Metrics:
        """Do as the default, with all pictures of all episodes embedded in one pass of the backbone."""
        pictures = torch.cat([episodes.support, episodes.query], 1)
        embeddings = self.encode(pictures.flatten(0, 1)).reshape(*pictures.shape[:2], -1)
        n_support = episodes.support.shape[1]
        classes = torch.arange(episodes.n_way, device=embeddings.device)
        support_labels, labels = (
            classes.repeat_interleave(part.shape[1] // episodes.n_way) for part in (episodes.support, episodes.query)
        )
        logits = self.scores(embeddings[:, n_support:], embeddings[:, :n_support], support_labels).flatten(0, 1)
        labels = labels.repeat(len(episodes))
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        return {"loss": loss.item(), "accuracy": (logits.argmax(-1) == labels).float().mean().item()}


class MatchingClassifier(Classifier):
    """The support embeddings (n, d), with their labels (n,)."""

    def __init__(self, method: Matching, support: Tensor, labels: Tensor) -> None:
        super().__init__(method, support, labels)
        self._matching = method

    def logits_from(self, embeddings: Tensor) -> Tensor:
        return self._matching.scores(embeddings, self._support, self._labels)


def class_log_probabilities(scores: Tensor, labels: Tensor) -> Tensor:
    """Add up attention by class, each class weighing alike: scores (..., q, s), labels (s,) -> (..., q, n_way)."""
    shots = torch.bincount(labels)
    others = labels != torch.arange(len(shots), device=labels.device).unsqueeze(1)
    by_class = scores.unsqueeze(-2).masked_fill(others, -torch.inf).logsumexp(-1)
    return functional.log_softmax(by_class - shots.to(scores).log(), dim=-1)
