"""The metric of a support set: Bateni et al., "Improved few-shot visual classification" (CVPR 2020, Simple CNAPS).

Directions in which pictures of one class differ tell little about the class, so distances along them are shortened:
the squared distance is Mahalanobis', under the scatter within the support's classes shrunk towards the identity,
(1 - shrinkage) * scatter + shrinkage * 1. Directions without scatter keep their length; with one picture a class, and
so no scatter, the metric is Euclid's. One scatter is pooled over the classes, for few pictures tell no more.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ShrunkMetric:
    """Orthonormal directions (r, d), and the factor (r,) on lengths along each."""

    directions: Tensor
    factors: Tensor

    def apply(self, embeddings: Tensor) -> Tensor:
        """Map (n, d) to where Euclid's distance is the metric's: (n, d)."""
        return embeddings + (embeddings @ self.directions.T * (self.factors - 1)) @ self.directions


def shrunk_metric(residuals: Tensor, shrinkage: float) -> ShrunkMetric:
    """Fit the metric to embeddings less their class's mean, (n, d); shrinkage lies above 0, and 1 gives Euclid's."""
    _, lengths, directions = torch.linalg.svd(residuals, full_matrices=False)
    scatter = lengths**2 / len(residuals)
    return ShrunkMetric(directions, (shrinkage / ((1 - shrinkage) * scatter + shrinkage)).sqrt())
