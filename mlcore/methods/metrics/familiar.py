"""How likely a picture is of any of the classes at all: what open-set recognition asks (Scheirer et al., PAMI 2013).

Softmax cannot say it, for its shares add up to 1 whatever comes. Two numbers can, among embeddings of length 1: how far
a picture lies from the nearest class's mean, and how close to pictures of other classes, a *bank*, which tells near
from far where embeddings are crowded (Sun et al., "Out-of-distribution detection with deep nearest neighbors", ICML
2022; Ren et al., "A simple fix to Mahalanobis distance for improving near-OOD detection", 2021). A logistic regression
weighs them, together with the numbers of ways and shots; `mlcore.evaluation.rejection` fits it on episodes of classes
that were never trained on.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from mlcore.data.episode import LabeledSet

COLUMNS = ("intercept", "distance", "crowd", "log_shots", "log_ways", "distance_log_shots", "crowd_log_shots")
"""What the logistic regression weighs, in the order of its weights."""
N_CROWD = 5
CLOSE = 0.95


@dataclass(frozen=True)
class Acquaintance:
    """What tells pictures of a support set's classes from others.

    means: (n_way, d), of each class's directions; shots: (n_way,) int64. crowd: (m, d), directions of other pictures.
    """

    means: Tensor
    shots: Tensor
    crowd: Tensor | None

    @classmethod
    def of(cls, support: LabeledSet, bank: LabeledSet | None) -> "Acquaintance":
        """Take the embeddings (n, ...) of a support set, and those of a bank, in the same space."""
        means, shots = _unit_means(support)
        return cls(means, shots, None if bank is None else _others(bank, means, shots))

    def columns(self, embeddings: Tensor) -> Tensor:
        """Describe pictures by their embeddings (n, ...), in the order of `COLUMNS`: (n, 7)."""
        queries = unit(embeddings)
        distance, nearest = _squares(queries, self.means).min(1)
        crowd = torch.zeros_like(distance)
        if self.crowd is not None and len(self.crowd):
            crowd = (queries @ self.crowd.T).topk(min(N_CROWD, len(self.crowd)), dim=1).values.mean(1)
        log_shots = self.shots.to(distance)[nearest].log()
        log_ways = torch.full_like(distance, len(self.means)).log()
        ones = torch.ones_like(distance)
        return torch.stack([ones, distance, crowd, log_shots, log_ways, distance * log_shots, crowd * log_shots], dim=1)


def unit(embeddings: Tensor) -> Tensor:
    """Flatten to directions: (n, ...) -> (n, d), each of length 1."""
    return functional.normalize(embeddings.flatten(1).float(), dim=1)


def _unit_means(support: LabeledSet) -> tuple[Tensor, Tensor]:
    """Average each class's directions: embeddings (n, ...) -> means (n_way, d) and shots (n_way,) int64."""
    rows, shots = unit(support.images), support.shots
    sums = rows.new_zeros(len(shots), rows.shape[1]).index_add(0, support.labels, rows)
    return sums / shots.unsqueeze(1), shots


def _others(bank: LabeledSet, means: Tensor, shots: Tensor) -> Tensor:
    """Leave out the classes of the bank that may be one of these, and return the directions of the others: (m, d).

    Close is what lies no farther than 19 in 20 pictures of the bank lie from the mean of their own class. A mean of
    more pictures lies closer, by what chance leaves of the scatter: 1 / n.
    """
    rows = unit(bank.images)
    bank_means, per_class = _unit_means(bank)
    own = bank_means[bank.labels]
    left_out = per_class[bank.labels].unsqueeze(1)
    from_own = ((rows - own) ** 2).sum(1) * (left_out / (left_out - 1).clamp(min=1)).squeeze(1) ** 2
    scatter = from_own.quantile(CLOSE) / (1 + 1 / (per_class.float().mean() - 1).clamp(min=1))
    limits = scatter * (1 / shots + 1 / per_class.unsqueeze(1))
    is_other = (_squares(bank_means, means) > limits).all(1)
    return rows[is_other[bank.labels]]


def _squares(some: Tensor, others: Tensor) -> Tensor:
    """Square the distances between all of (n, d) and (m, d): (n, m)."""
    return (some**2).sum(1, keepdim=True) + (others**2).sum(1) - 2 * some @ others.T
