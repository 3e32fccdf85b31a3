"""Losses that teach an embedding whose face is whose, through pytorch-metric-learning.

Each maps embeddings (n, d) float32 and labels (n,) int64 to a scalar. Some hold weights, one direction for each person,
which the optimiser must train along with the network. Embeddings are compared by their directions.
"""

import math
from typing import Any

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import (
    ArcFaceLoss,
    ContrastiveLoss,
    CosFaceLoss,
    SphereFaceLoss,
    TripletMarginLoss,
)
from pytorch_metric_learning.miners import TripletMarginMiner
from pytorch_metric_learning.reducers import AvgNonZeroReducer
from torch import Tensor, nn

from mlcore.faces.config import (
    FACE_LOSSES,
    ArcFaceConfig,
    ContrastiveConfig,
    CosFaceConfig,
    FaceLossConfig,
    SphereFaceConfig,
    TripletConfig,
)

NEAREST = 1 - 1e-6
"""The largest cosine that an angle is taken of: at 1, the angle has no finite gradient."""


def build_loss(name: str, config: FaceLossConfig, *, n_people: int, embedding_size: int) -> nn.Module:
    """Build a loss over so many people."""
    loss: nn.Module = FACE_LOSSES[name].resolve()(config, n_people, embedding_size)
    return loss


def contrastive(config: ContrastiveConfig, _n_people: int, _embedding_size: int) -> nn.Module:
    """Hadsell, Chopra & LeCun, "Dimensionality reduction by learning an invariant mapping" (CVPR 2006), of all pairs.

    Two pictures of one person cost their squared distance, of two people the square of what the margin exceeds it by.
    """
    loss: nn.Module = ContrastiveLoss(pos_margin=0, neg_margin=config.margin, reducer=_MeanOfSquares())
    return loss


class _MeanOfSquares(AvgNonZeroReducer):  # type: ignore[misc]
    def element_reduction_helper(self, losses: Tensor, embeddings: Tensor) -> Tensor:
        reduced: Tensor = super().element_reduction_helper(losses**2, embeddings)
        return reduced


def triplet(config: TripletConfig, _n_people: int, _embedding_size: int) -> nn.Module:
    """Schroff, Kalenichenko & Philbin, "FaceNet" (CVPR 2015): semi-hard triplets of each batch, squared distances."""
    return _SemiHard(config.margin)


class _SemiHard(nn.Module):
    """Triplets whose stranger is further away than one's own, but not by the margin."""

    def __init__(self, margin: float) -> None:
        super().__init__()
        squared = LpDistance(power=2)
        self.miner = TripletMarginMiner(margin=margin, type_of_triplets="semihard", distance=squared)
        self.loss = TripletMarginLoss(margin=margin, distance=squared)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Average over the triplets of (n, d), (n,); zero where there are none."""
        loss: Tensor = self.loss(embeddings, labels, self.miner(embeddings, labels))
        return loss


def sphereface(config: SphereFaceConfig, n_people: int, embedding_size: int) -> nn.Module:
    """Liu et al., "SphereFace: deep hypersphere embedding for face recognition" (CVPR 2017), without its annealing."""
    loss: nn.Module = SphereFaceLoss(n_people, embedding_size, margin=int(config.margin), scale=config.scale)
    return loss


def cosface(config: CosFaceConfig, n_people: int, embedding_size: int) -> nn.Module:
    """Wang et al., "CosFace" (CVPR 2018), the same as Wang et al., "Additive margin softmax" (SPL 2018)."""
    loss: nn.Module = CosFaceLoss(n_people, embedding_size, margin=config.margin, scale=config.scale)
    return loss


def arcface(config: ArcFaceConfig, n_people: int, embedding_size: int) -> nn.Module:
    """Deng et al., "ArcFace: additive angular margin loss for deep face recognition" (CVPR 2019)."""
    return _ArcFace(n_people, embedding_size, margin=math.degrees(config.margin), scale=config.scale)


class _ArcFace(ArcFaceLoss):  # type: ignore[misc]
    """The library's, whose gradient is infinite where an embedding points exactly to its person's direction."""

    def get_angles(self, cosines: Tensor) -> Tensor:
        bounded: Any = cosines.clamp(-NEAREST, NEAREST)
        return torch.acos(bounded)
