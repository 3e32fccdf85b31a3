"""Fit how familiar a picture has to be: on episodes of validation classes, half of whose queries are strangers.

Strangers are pictures of other classes of the same data set, of the same group where it has groups (letters of the same
alphabet): the hardest there are. The bank holds no class of an episode while it is fitted.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mlcore.checkpoints.banks import Bank
from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.operating_points import PASSED, REFUSED, OperatingPoint, Refusal
from mlcore.config import EpisodeConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import Episode, EpisodeSampler, LabeledSet
from mlcore.errors import AdaptationError, DatasetError
from mlcore.methods.base import Classifier, FewShotMethod

WAYS, SHOTS, N_QUERY = (2, 3, 5, 10), (1, 2, 5), 5
N_KNOWN = 1500
"""Pictures of known classes that are asked about for each number of ways and shots, and as many strangers."""
DECAY = 1e-4


@dataclass(frozen=True)
class Meeting:
    """A classifier of half of an episode's classes, and features of pictures that it knows and of strangers."""

    classifier: Classifier
    bank: LabeledSet | None
    known: LabeledSet
    strangers: Tensor

    @property
    def columns(self) -> tuple[Tensor, Tensor]:
        """Describe both: (n, 7) each."""
        acquaintance = self.classifier.acquaintance(self.bank)
        known, strangers = (
            acquaintance.columns(self.classifier.embeddings_of(features))
            for features in (self.known.images, self.strangers)
        )
        return known, strangers


class Meetings:
    """Draw meetings of n_way known classes and as many strange ones; raise DatasetError if there are too few."""

    def __init__(
        self, dataset: PictureDataset, *, n_way: int, k_shot: int, bank: Bank | None, seed: int, n_query: int = N_QUERY
    ) -> None:
        config = EpisodeConfig(n_way=2 * n_way, k_shot=k_shot, n_query=n_query, within_group=dataset.groups is not None)
        self._n_way, self._bank, self._dataset = n_way, bank, dataset
        self._sampler = EpisodeSampler(dataset, config, seed=seed)

    def draw(self, method: FewShotMethod, features: Tensor, n_episodes: int) -> list[Meeting]:
        """Adapt to so many; one that does not settle is left out."""
        drawn = self._sampler.draw(n_episodes)
        meetings = []
        for episode, classes in zip(drawn.gather(features).episodes(), drawn.classes.tolist(), strict=True):
            with suppress(AdaptationError):
                meetings.append(self._meet(method, episode, {self._dataset.class_names[label] for label in classes}))
        return meetings

    def _meet(self, method: FewShotMethod, episode: Episode, present: set[str]) -> Meeting:
        support, query = (_first(part, self._n_way) for part in (episode.support, episode.query))
        others = episode.query.images[episode.query.labels >= self._n_way]
        bank = None if self._bank is None else self._bank.without(present)
        return Meeting(method.adapt_features(support), None if bank is None else bank.features(method), query, others)


def _first(part: LabeledSet, n_way: int) -> LabeledSet:
    rows = part.labels < n_way
    return LabeledSet(part.images[rows], part.labels[rows])


@torch.no_grad()
def fit_familiarity(
    method: FewShotMethod,
    card: ModelCard,
    dataset: PictureDataset,
    features: Tensor,
    *,
    bank: Bank | None,
    seed: int,
    n_known: int = N_KNOWN,
) -> ModelCard:
    """Return the card with how familiarity is told, and with what it costs to turn strangers away.

    features: (n, ...) of the data set's pictures, from `featurise`. Raise DatasetError if it has fewer than four
    classes of six pictures, AdaptationError if no episode settles.
    """
    columns = {}
    for n_way in WAYS:
        for k_shot in SHOTS:
            with suppress(DatasetError):
                meetings = Meetings(dataset, n_way=n_way, k_shot=k_shot, bank=bank, seed=seed)
                n_episodes = -(-n_known // (n_way * N_QUERY))
                met = [meeting.columns for meeting in meetings.draw(method, features, n_episodes)]
                columns[n_way, k_shot] = [torch.cat(part) for part in zip(*met, strict=True)] if met else []
    if not columns:
        raise DatasetError("telling strangers takes four validation classes of six pictures each")
    columns = {setting: parts for setting, parts in columns.items() if parts}
    if not columns:
        raise AdaptationError("no episode of the validation classes settled; lower inner_lr, and train again")
    weights = _logistic(*(torch.cat([parts[side] for parts in columns.values()]) for side in (0, 1)))
    points = [
        asdict(_point(*setting, *((part @ weights).sigmoid() for part in parts))) for setting, parts in columns.items()
    ]
    familiarity: dict[str, Any] = {
        "weights": weights.tolist(),
        "bank": "" if bank is None else bank.name,
        "bank_digest": "" if bank is None else bank.digest,
        "dataset": f"{dataset.name}, {dataset.split}",
        "points": points,
    }
    return replace(card, familiarity=familiarity)


def _logistic(known: Tensor, strangers: Tensor) -> Tensor:
    """Fit a logistic regression of known (n, c) against strangers (m, c): weights (c,), the first column's being 1."""
    columns = torch.cat([known, strangers]).double()
    labels = torch.cat([torch.ones(len(known)), torch.zeros(len(strangers))]).to(columns)
    centre, spread = columns.mean(0), columns.std(0).clamp(min=1e-6)
    centre[0], spread[0] = 0, 1
    scaled = (columns - centre) / spread
    weights = torch.zeros(columns.shape[1], dtype=torch.float64, device=columns.device, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(scaled @ weights, labels) + DECAY * (weights**2).sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(closure)
    raw = weights.detach() / spread
    raw[0] -= (raw[1:] * centre[1:]).sum()
    return raw.float()


def _point(n_way: int, k_shot: int, known: Tensor, strangers: Tensor) -> OperatingPoint:
    """Read off what thresholds cost, from the familiarity of known pictures (n,) and of strangers (m,)."""
    refusals = []
    for refused in REFUSED:
        threshold = known.quantile(refused).item()
        refusals.append(Refusal(refused, threshold, (strangers >= threshold).float().mean().item()))
    sure_above = strangers.quantile(1 - PASSED).item()
    kept = (known >= sure_above).float().mean().item()
    return OperatingPoint(n_way, k_shot, auroc(known, strangers), sure_above, kept, tuple(refusals))


def auroc(known: Tensor, strangers: Tensor) -> float:
    """Return how often a known picture (n,) is more familiar than a stranger (m,), a tie counting half: 0..1."""
    both = torch.cat([known, strangers])
    _, inverse, counts = both.unique(return_inverse=True, return_counts=True)
    ranks = (counts.cumsum(0) - (counts - 1) / 2)[inverse].double()
    n, m = len(known), len(strangers)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
