"""Relation networks: Sung, Yang, Zhang, Xiang, Torr & Hospedales, "Learning to compare: relation network for few-shot
learning" (CVPR 2018).

A class's map is the mean of its support pictures' last feature maps (the paper's is the sum: equal up to scale, and the
mean lets one checkpoint serve any number of shots). A learned module looks at a class's map and a query's in depth and
scores whether they are the same class, 0 to 1: two convolution blocks, two fully connected layers, a sigmoid. Training
takes the squared error of scores to 1 for the right class and 0 for the others, as published, or cross-entropy over the
classes. Logits are the scores' log-odds, which is what goes into the sigmoid.

Published figures normalise the relation module by the pairs at hand; served with running statistics it can collapse,
for only one pair in n_way is of the same class, so the statistics depend on the number of ways and on the queries.
`norm="group"` (Wu & He, "Group normalization", ECCV 2018) normalises each pair by itself, the same in training and when
serving; only the backbone's batch norm, which sees pictures and not pairs, keeps running statistics. `norm="batch"` is
as published.

A convolution over maps in depth is the sum of one over each, so the first runs once a class and once a query, not once
a pair. Beyond the paper, `difference` shows the module |class - query| too, and `distance` adds to the log-odds the
prototypical network's, a learned scale times the maps' mean squared distance; the module then starts from zero and
learns what that distance lacks.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.backbones.layers.batch_norm import BatchNorm2d
from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.method_config.relation import RelationConfig
from mlcore.methods.base import Classifier, FewShotMethod, Metrics, Watch, part_of, unwatched

INITIAL_SCALE = 10.0
PAIRS_AT_ONCE = 2048


class Relation(FewShotMethod):
    """Embed as maps, average each class's, and let a network compare."""

    config: RelationConfig

    def __init__(self, config: RelationConfig) -> None:
        super().__init__(config)
        channels, height, width = self.backbone.map_shape  # type: ignore[misc]
        self.squeeze: nn.Module = nn.Conv2d(channels, config.width, 1) if self.is_pretrained else nn.Identity()
        self.relation = RelationModule(config, (config.width if self.is_pretrained else channels, height, width))

    def encode(self, inputs: Tensor) -> Tensor:
        """Embed as maps: (n, ...) -> (n, channels, h, w); a pretrained backbone's are squeezed to `width` channels."""
        maps: Tensor = self.squeeze(self.backbone(inputs))
        return maps

    def adapt_features(self, support: LabeledSet, watch: Watch = unwatched) -> "RelationClassifier":
        """Average each class's maps."""
        return RelationClassifier(self, class_maps(support.images, support.labels), support.images, support.labels)

    def restore(self, state: dict[str, Tensor]) -> "RelationClassifier":
        """Rebuild a classifier from its state."""
        return RelationClassifier(self, *(part_of(state, name) for name in ("class_maps", "support", "labels")))

    def loss(self, classifier: Classifier, query: LabeledSet) -> Tensor:
        """Score features of the query set as the config's loss does."""
        return self._loss(classifier.logits_of(query.images), query.labels)

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compare log-odds (n, n_way) with labels (n,)."""
        if self.config.loss == "cross_entropy":
            return functional.cross_entropy(logits, labels)
        return functional.mse_loss(logits.sigmoid(), functional.one_hot(labels, logits.shape[1]).to(logits))

    def accumulate_gradients(self, episodes: EpisodeBatch) -> Metrics:
        """Do as the default, all pictures in one pass of the backbone, and all pairs in one of the relation module."""
        n_support, n_episodes = episodes.support.shape[1], len(episodes)
        maps = self.encode(torch.cat([episodes.support, episodes.query], 1).flatten(0, 1))
        support, query = maps.unflatten(0, (n_episodes, -1)).split([n_support, episodes.query.shape[1]], 1)
        classes = support.unflatten(1, (episodes.n_way, -1)).mean(2)
        logits = self.relation(classes, query).flatten(0, 1)
        labels = torch.arange(episodes.n_way, device=logits.device)
        labels = labels.repeat_interleave(query.shape[1] // episodes.n_way).repeat(n_episodes)
        loss = self._loss(logits, labels)
        loss.backward()
        return {"loss": loss.item(), "accuracy": (logits.argmax(-1) == labels).float().mean().item()}


class RelationModule(nn.Module):
    """Score pairs of maps."""

    def __init__(self, config: RelationConfig, map_shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = map_shape
        self.of_class, self.of_query = (nn.Conv2d(channels, config.width, 3, padding=1, bias=False) for _ in range(2))
        self.of_difference = nn.Conv2d(channels, config.width, 3, padding=1, bias=False) if config.difference else None
        self.first = _after_convolution(config)
        self.second = nn.Sequential(
            nn.Conv2d(config.width, config.width, 3, padding=1, bias=False), _after_convolution(config)
        )
        places = -(-height // 4) * -(-width // 4)
        self.hidden = nn.Linear(config.width * places, config.hidden)
        self.score = nn.Linear(config.hidden, 1)
        self.log_scale = nn.Parameter(torch.tensor(INITIAL_SCALE).log()) if config.distance else None
        if config.distance:
            nn.init.zeros_(self.score.weight)

    def forward(self, classes: Tensor, queries: Tensor) -> Tensor:
        """Return log-odds: (episodes, n_way, C, h, w) and (episodes, n, C, h, w) -> (episodes, n, n_way)."""
        by_class, by_query = (
            convolve(maps.flatten(0, 1)).unflatten(0, maps.shape[:2])
            for convolve, maps in ((self.of_class, classes), (self.of_query, queries))
        )
        return self._compare(classes, queries, by_class, by_query)

    def _compare(self, classes: Tensor, queries: Tensor, by_class: Tensor, by_query: Tensor) -> Tensor:
        """Score every query with every class; without gradients, a bounded number of pairs at a time."""
        n_rows = queries.shape[1]
        if not torch.is_grad_enabled():
            n_rows = max(1, PAIRS_AT_ONCE // (classes.shape[0] * classes.shape[1]))
        parts = zip(queries.split(n_rows, 1), by_query.split(n_rows, 1), strict=True)
        return torch.cat([self._log_odds(classes, maps, by_class, convolved) for maps, convolved in parts], 1)

    def _log_odds(self, classes: Tensor, queries: Tensor, by_class: Tensor, by_query: Tensor) -> Tensor:
        pairs = by_class.unsqueeze(1) + by_query.unsqueeze(2)
        shape, pairs = pairs.shape[:3], pairs.flatten(0, 2)
        if self.of_difference is not None:
            pairs = pairs + self.of_difference((classes.unsqueeze(1) - queries.unsqueeze(2)).abs().flatten(0, 2))
        hidden = functional.relu(self.hidden(self.second(self.first(pairs)).flatten(1)))
        log_odds: Tensor = self.score(hidden).reshape(shape)
        if self.log_scale is None:
            return log_odds
        return log_odds - self.log_scale.exp() * _mean_squares(queries.flatten(2), classes.flatten(2))


class RelationClassifier(Classifier):
    """Each class's map, and the support maps (n, C, h, w) that explain an answer."""

    def __init__(self, method: Relation, maps: Tensor, support: Tensor, labels: Tensor) -> None:
        super().__init__(method, support, labels)
        self._relation = method.relation
        self._class_maps = maps

    def logits_from(self, embeddings: Tensor) -> Tensor:
        log_odds: Tensor = self._relation(self._class_maps.unsqueeze(0), embeddings.unsqueeze(0))
        return log_odds.squeeze(0)

    def state(self) -> dict[str, Tensor]:
        return {"class_maps": self._class_maps, **super().state()}


def class_maps(maps: Tensor, labels: Tensor) -> Tensor:
    """Average (n, C, h, w) by label: (n_way, C, h, w)."""
    counts = torch.bincount(labels)
    sums = maps.new_zeros(len(counts), *maps.shape[1:]).index_add(0, labels, maps)
    return sums / counts.reshape(-1, 1, 1, 1)


def _after_convolution(config: RelationConfig) -> nn.Sequential:
    """Normalise, cut off below 0, and halve the side, rounded up."""
    norm = BatchNorm2d(config.width) if config.norm == "batch" else nn.GroupNorm(config.groups, config.width)
    return nn.Sequential(norm, nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True))


def _mean_squares(queries: Tensor, classes: Tensor) -> Tensor:
    """Average squared differences: (episodes, n, d) and (episodes, n_way, d) -> (episodes, n, n_way)."""
    squares = (queries**2).sum(-1).unsqueeze(-1) + (classes**2).sum(-1).unsqueeze(-2)
    return (squares - 2 * queries @ classes.transpose(-1, -2)) / queries.shape[-1]
