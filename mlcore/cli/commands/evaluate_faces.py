"""`python -m mlcore faces evaluate`: measure how well an embedding tells people apart whom it never saw."""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from mlcore.data.datasets import DatasetRequest, load_dataset
from mlcore.devices import resolve_device
from mlcore.errors import ConfigError
from mlcore.faces.checkpoint import load_face_network
from mlcore.faces.training.face_set import FaceSet, cut_out
from mlcore.faces.training.face_training import embed
from mlcore.faces.verification.metrics import (
    Statistic,
    accuracy_at,
    best_threshold,
    equal_error_rate,
    fold_accuracy,
    interval,
    tar_at,
)
from mlcore.faces.verification.pairs import ScoredPairs, fold_pairs, many_pairs

FALSE_ACCEPT_RATES = (1e-2, 1e-3)


@dataclass(frozen=True, kw_only=True)
class EvaluateFacesCommand:
    """What to measure."""

    checkpoint: str
    dataset: str
    data: DatasetRequest
    validation_split: str
    align: bool | None
    seed: int
    draws: int
    device: str
    threads: int

    def run(self) -> dict[str, Any]:
        """Measure on the people of a split, and return plain numbers with all that is needed to repeat them.

        Each figure is [value, low, high], with a 95 % interval over people, or None where these pairs cannot tell.
        `accuracy` is at the threshold that is best on the people of the validation split.
        """
        if self.threads:
            torch.set_num_threads(self.threads)
        start, device = time.monotonic(), resolve_device(self.device)
        network, card = load_face_network(self.checkpoint, device=device)
        align = card.transform == "aligned" if self.align is None else self.align
        faces, chosen_on = (self._load(split, align=align) for split in (self.data.split, self.validation_split))
        if set(faces.dataset.class_names) & set(chosen_on.dataset.class_names):
            raise ConfigError("the two splits share people; a threshold must be chosen on others", field="split")
        labels, embeddings = faces.labels.numpy(), _embedded(network, faces, device)
        every = many_pairs(labels, seed=self.seed).scored(embeddings)
        folds = fold_pairs(labels, seed=self.seed).scored(embeddings)
        threshold = self._threshold(chosen_on, _embedded(network, chosen_on, device))
        return {
            "accuracy": self._figure(folds, lambda pairs: accuracy_at(pairs, threshold)),
            "threshold": threshold,
            **{f"tar_at_far_{far:g}": self._figure(every, _tar(far)) for far in FALSE_ACCEPT_RATES},
            "equal_error_rate": self._figure(every, lambda pairs: equal_error_rate(pairs.same, pairs.different)),
            "fold_accuracy": self._figure(folds, lambda pairs: float(fold_accuracy(pairs).mean())),
            "folds": len(set(folds.folds.tolist())),
            "people": faces.n_people,
            "pictures": len(labels),
            "same_pairs": len(every.same),
            "different_pairs": len(every.different),
            "fold_pairs": len(folds.scores),
            "not_found": faces.not_found,
            "aligned": align,
            "seed": self.seed,
            "checkpoint": card.name,
            "digest": card.digest,
            "dataset": faces.dataset.name,
            "split": faces.dataset.split,
            "validation_split": self.validation_split,
            "fingerprint": faces.dataset.fingerprint,
            "seconds": round(time.monotonic() - start, 2),
            "notes": [*faces.dataset.warnings, *faces.warnings],
        }

    def _load(self, split: str, *, align: bool) -> FaceSet:
        return cut_out(load_dataset(self.dataset, **vars(replace(self.data, split=split))), align=align)

    def _threshold(self, faces: FaceSet, embeddings: np.ndarray) -> float:
        scored = fold_pairs(faces.labels.numpy(), seed=self.seed).scored(embeddings)
        return best_threshold(scored.scores, scored.is_same)

    def _figure(self, pairs: ScoredPairs, statistic: Statistic) -> list[float] | None:
        value, bounds = statistic(pairs), interval(pairs, statistic, draws=self.draws, seed=self.seed)
        return None if value is None or bounds is None else [value, *bounds]


def _embedded(network: nn.Module, faces: FaceSet, device: torch.device) -> np.ndarray:
    return embed(network, network.inputs(faces.faces.to(device)))  # type: ignore[operator]


def _tar(far: float) -> Statistic:
    return lambda pairs: tar_at(pairs.same, pairs.different, far)
