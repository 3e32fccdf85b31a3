"""Temperature scaling: Guo et al., "On calibration of modern neural networks" (ICML 2017), for few-shot classifiers.

The temperature is fitted on episodes of validation classes, never on a person's queries.
"""

import math
from contextlib import suppress
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from mlcore.checkpoints.banks import bank_for
from mlcore.checkpoints.card import ModelCard
from mlcore.config import EpisodeConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.errors import AdaptationError, DatasetError
from mlcore.evaluation.rejection import fit_familiarity
from mlcore.methods.base import FewShotMethod

CALIBRATION_SHOTS = (1, 5)
N_EPISODES = 400
NOT_CALIBRATED = "Its confidence is not calibrated"
"""How the note begins on the card of a checkpoint whose temperature is still to be fitted."""
NOT_TELLING = "It does not tell pictures of none of the classes"


def calibrate(
    method: FewShotMethod, card: ModelCard, dataset: PictureDataset, features: Tensor, *, seed: int
) -> ModelCard:
    """Return the card with its temperature, and with how strangers are told, or a note that says why they are not.

    features: (n, ...) of the data set's pictures, from `featurise`. Raise AdaptationError if no episode settles.
    """
    card = fit_temperature(method, card, dataset, features, seed=seed)
    card = replace(card, notes=card.notes.partition(NOT_TELLING)[0].rstrip())
    try:
        return fit_familiarity(method, card, dataset, features, bank=bank_for(method.config), seed=seed)
    except DatasetError as error:
        return replace(card, familiarity={}, notes=f"{card.notes} {NOT_TELLING}: {error}.".lstrip())


@torch.no_grad()
def fit_temperature(
    method: FewShotMethod, card: ModelCard, dataset: PictureDataset, features: Tensor, *, seed: int
) -> ModelCard:
    """Return the card with temperatures of least likelihood loss over 5-way 1- and 5-shot episodes of the data set.

    More pictures make a classifier surer than its distances say, so that between and beyond the two the temperature is
    taken to grow with a power of their number. Episodes that do not settle have no part in it; raise AdaptationError if
    none does. features: (n, ...) of the data set's pictures, from `featurise`.
    """
    few, many = (_fit(method, sampler, features) for sampler in calibration_samplers(dataset, seed=seed))
    first, last = CALIBRATION_SHOTS
    growth = math.log(many / few) / math.log(last / first)
    notes = "" if card.notes.startswith(NOT_CALIBRATED) else card.notes
    return replace(card, temperature=few / first**growth, temperature_growth=growth, notes=notes)


def _fit(method: FewShotMethod, sampler: EpisodeSampler, features: Tensor) -> float:
    logits: list[Tensor] = []
    labels: list[Tensor] = []
    for episode in sampler.draw(N_EPISODES).gather(features).episodes():
        with suppress(AdaptationError):
            logits.append(method.adapt_features(episode.support).logits_of(episode.query.images))
            labels.append(episode.query.labels)
    if not logits:
        raise AdaptationError("no episode of the validation classes settled; lower inner_lr, and train again")
    return best_temperature(torch.cat(logits), torch.cat(labels))


def calibration_samplers(dataset: PictureDataset, *, seed: int) -> list[EpisodeSampler]:
    """Return the samplers that a temperature is fitted with; raise DatasetError if the data set is too small."""
    configs = [EpisodeConfig(n_way=min(5, dataset.n_classes), k_shot=k_shot, n_query=5) for k_shot in CALIBRATION_SHOTS]
    return [EpisodeSampler(dataset, config, seed=seed) for config in configs]


def best_temperature(logits: Tensor, labels: Tensor) -> float:
    """Find the factor on logits (n, n_way) that minimises cross-entropy with labels (n,), by golden-section search."""
    low, high = -10.0, 10.0
    ratio = (5**0.5 - 1) / 2
    for _ in range(50):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if _loss(logits, labels, left) < _loss(logits, labels, right):
            high = right
        else:
            low = left
    return float(torch.tensor((low + high) / 2).exp())


def _loss(logits: Tensor, labels: Tensor, log_temperature: float) -> float:
    return functional.cross_entropy(logits * torch.tensor(log_temperature).exp(), labels).item()
