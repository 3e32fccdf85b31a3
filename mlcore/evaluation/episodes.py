"""Accuracy with its confidence interval, and calibration, over many episodes."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mlcore.backbones.layers.batch_norm import batch_statistics
from mlcore.data.episode import Episode, EpisodeSampler, LabeledSet
from mlcore.data.images import Transform, is_empty
from mlcore.errors import AdaptationError
from mlcore.methods.base import FewShotMethod

logger = logging.getLogger(__name__)

BINS = 15
Answer = Callable[[FewShotMethod, Episode], Tensor]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation measured.

    accuracy: mean over episodes; ci95: half-width of its 95 % interval, 1.96 standard errors over episodes.
    n_diverged: episodes whose adaptation did not settle; they are answered by chance, every class alike.
    ece: expected calibration error over 15 bins (Guo et al., ICML 2017). nll: mean negative log-likelihood, in nats.
    episode_accuracy: (n_episodes,) for paired comparisons. episode_classes: (n_episodes, n_way) int64, what it was of.
    """

    accuracy: float
    ci95: float
    ece: float
    nll: float
    n_episodes: int
    n_diverged: int
    episode_accuracy: Tensor
    episode_classes: Tensor


@torch.no_grad()
def compute_inputs(method: FewShotMethod, images: Tensor, transform: Transform, *, n_rotations: int = 1) -> Tensor:
    """Transform a whole data set and compute what training does not change.

    images: (n, C, H, W) uint8 -> (n_rotations * n, ...): all pictures upright, then all by a quarter turn more, and on.
    Pictures of which the transform leaves nothing are counted in a warning of the log.
    """
    device = next(method.parameters()).device
    chunk = 16 if method.is_pretrained else 256
    turned: list[list[Tensor]] = [[] for _ in range(n_rotations)]
    n_empty = 0
    for part in images.split(chunk):
        ready = transform.apply(part.to(device))
        n_empty += int(is_empty(ready).sum())
        for turns, inputs in enumerate(turned):
            inputs.append(method.inputs(ready.rot90(turns, (2, 3))))
    if n_empty:
        logger.warning("%d of %d pictures hold nothing once read as %s.", n_empty, len(images), transform.name)
    return torch.cat([part for inputs in turned for part in inputs])


@torch.no_grad()
def featurise(method: FewShotMethod, inputs: Tensor, *, chunk: int = 256) -> Tensor:
    """Compute the features of a whole data set once, from its inputs: (n, ...) -> (n, ...)."""
    return torch.cat([method.features_of(part) for part in inputs.split(chunk)])


@torch.no_grad()
def evaluate(
    method: FewShotMethod,
    features: Tensor,
    sampler: EpisodeSampler,
    *,
    n_episodes: int,
    batch: int = 20,
    transductive: bool = False,
) -> Evaluation:
    """Adapt to `n_episodes` episodes of features (n, ...), `batch` gathered at once, and score their queries.

    Where the sampler makes classes of turned pictures, features are those of `compute_inputs` with as many rotations.
    transductive: normalise support and query each by its own batch's statistics, as MAML's and the relation network's
    published figures do; an answer then depends on the other queries. What comes in must be `inputs`, not features.
    """
    answer = _answer_together if transductive else _answer
    accuracies: list[float] = []
    probabilities: list[Tensor] = []
    labels: list[Tensor] = []
    classes: list[Tensor] = []
    n_diverged = 0
    for index in sampler.batches(n_episodes, size=batch):
        classes.append(index.classes)
        for episode in index.gather(features).episodes():
            labels.append(episode.query.labels)
            if (predicted := _settled(answer, method, episode)) is None:
                probabilities.append(_chance(episode))
                accuracies.append(1 / episode.support.n_way)
                n_diverged += 1
            else:
                probabilities.append(predicted)
                accuracies.append((predicted.argmax(-1) == episode.query.labels).float().mean().item())
    by_episode = torch.tensor(accuracies, dtype=torch.float64)
    return _summarise(by_episode, torch.cat(classes), torch.cat(probabilities), torch.cat(labels), n_diverged)


def _settled(answer: Answer, method: FewShotMethod, episode: Episode) -> Tensor | None:
    """Answer an episode's queries: (n, n_way), or None if adaptation does not settle."""
    try:
        predicted = answer(method, episode)
    except AdaptationError:
        return None
    return predicted if predicted.isfinite().all() else None


def _chance(episode: Episode) -> Tensor:
    """Answer every query with all classes alike: (n, n_way)."""
    n_way = episode.support.n_way
    return episode.support.images.new_full((len(episode.query.labels), n_way), 1 / n_way)


def _answer(method: FewShotMethod, episode: Episode) -> Tensor:
    return method.adapt_features(episode.support).probabilities_of(episode.query.images)


def _answer_together(method: FewShotMethod, episode: Episode) -> Tensor:
    support, query = episode.support, episode.query
    with batch_statistics(method):
        classifier = method.adapt_features(LabeledSet(method.encode(support.images), support.labels))
        return classifier.probabilities_of(method.encode(query.images))


def _summarise(
    accuracies: Tensor, classes: Tensor, probabilities: Tensor, labels: Tensor, n_diverged: int
) -> Evaluation:
    likelihood = probabilities.gather(1, labels.unsqueeze(1)).clamp(min=1e-12)
    n = len(accuracies)
    return Evaluation(
        accuracy=accuracies.mean().item(),
        ci95=1.96 * accuracies.std().item() / math.sqrt(n) if n > 1 else math.nan,
        ece=expected_calibration_error(probabilities, labels),
        nll=-likelihood.log().mean().item(),
        n_episodes=n,
        n_diverged=n_diverged,
        episode_accuracy=accuracies,
        episode_classes=classes,
    )


def accuracy_by_group(evaluation: Evaluation, groups: Tensor) -> dict[int, float]:
    """Average the episodes of each group apart, each within one: groups (n_classes,) int64 -> group: accuracy."""
    of_episode = groups[evaluation.episode_classes[:, 0] % len(groups)]
    accuracy = evaluation.episode_accuracy
    return {group: accuracy[of_episode == group].mean().item() for group in of_episode.unique().tolist()}


def difference(ours: Evaluation, theirs: Evaluation) -> tuple[float, float]:
    """Return the mean difference in accuracy over the episodes of both, and the half-width of its 95 % interval."""
    n = min(ours.n_episodes, theirs.n_episodes)
    paired = ours.episode_accuracy[:n] - theirs.episode_accuracy[:n]
    return paired.mean().item(), 1.96 * paired.std().item() / math.sqrt(n)


def expected_calibration_error(probabilities: Tensor, labels: Tensor, *, bins: int = BINS) -> float:
    """Return the mean gap between confidence and accuracy over equal bins of confidence: (n, n_way), (n,) -> 0..1."""
    confidence, answer = probabilities.max(-1)
    place = (confidence * bins).ceil().long().clamp(1, bins) - 1
    gap = confidence - (answer == labels).to(confidence)
    return torch.zeros(bins, dtype=gap.dtype, device=gap.device).index_add(0, place, gap).abs().sum().item() / len(
        labels
    )
