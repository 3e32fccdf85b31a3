"""Accuracy with its confidence interval, and calibration, over many episodes."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mlcore.episode import EpisodeSampler
from mlcore.methods.base import FewShotMethod

BINS = 15


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    accuracy: mean over episodes; ci95: half-width of its 95 % interval, 1.96 standard errors over episodes.
    ece: expected calibration error over 15 bins (Guo et al., ICML 2017). nll: mean negative log-likelihood, in nats.
    episode_accuracy: (n_episodes,) for paired comparisons.
    """

    accuracy: float
    ci95: float
    ece: float
    nll: float
    n_episodes: int
    episode_accuracy: Tensor


@torch.no_grad()
def featurise(method: FewShotMethod, images: Tensor, *, chunk: int = 256) -> Tensor:
    """Compute the features of a whole data set once: transformed images (n, C, H, W) -> (n, ...)."""
    device = next(method.parameters()).device
    return torch.cat([method.features(part.to(device)) for part in images.split(chunk)])


@torch.no_grad()
def evaluate(
    method: FewShotMethod,
    features: Tensor,
    sampler: EpisodeSampler,
    *,
    n_episodes: int,
    batch: int = 20,
) -> Evaluation:
    """Adapt to `n_episodes` episodes of features (n, ...), and score their queries."""
    accuracies: list[float] = []
    probabilities: list[Tensor] = []
    labels: list[Tensor] = []
    while len(accuracies) < n_episodes:
        drawn = sampler.draw(min(batch, n_episodes - len(accuracies))).gather(features)
        for episode in drawn.episodes():
            answer = method.adapt_features(episode.support).probabilities_of(episode.query.images)
            probabilities.append(answer)
            labels.append(episode.query.labels)
            accuracies.append((answer.argmax(-1) == episode.query.labels).float().mean().item())
    return _summarise(torch.tensor(accuracies, dtype=torch.float64), torch.cat(probabilities), torch.cat(labels))


def _summarise(accuracies: Tensor, probabilities: Tensor, labels: Tensor) -> Evaluation:
    likelihood = probabilities.gather(1, labels.unsqueeze(1)).clamp(min=1e-12)
    n = len(accuracies)
    return Evaluation(
        accuracy=accuracies.mean().item(),
        ci95=1.96 * accuracies.std().item() / math.sqrt(n) if n > 1 else math.nan,
        ece=expected_calibration_error(probabilities, labels),
        nll=-likelihood.log().mean().item(),
        n_episodes=n,
        episode_accuracy=accuracies,
    )


def expected_calibration_error(probabilities: Tensor, labels: Tensor, *, bins: int = BINS) -> float:
    """Mean gap between confidence and accuracy over equal bins of confidence: (n, n_way), (n,) -> 0..1."""
    confidence, answer = probabilities.max(-1)
    place = (confidence * bins).ceil().long().clamp(1, bins) - 1
    gap = confidence - (answer == labels).to(confidence)
    return torch.zeros(bins, dtype=gap.dtype, device=gap.device).index_add(0, place, gap).abs().sum().item() / len(
        labels
    )
