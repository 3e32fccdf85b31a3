"""`python -m mlcore compare`: measure one checkpoint against another in the same episodes, seen classes or not."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.checkpoints.lineage import LEAST_UNSEEN, lessons, unseen
from mlcore.cli.commands.unseen import check_unseen
from mlcore.config import EpisodeConfig
from mlcore.data.datasets import DatasetRequest, load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import find_transform
from mlcore.devices import resolve_device
from mlcore.errors import CheckpointError
from mlcore.evaluation.episodes import Evaluation, compute_inputs, difference, evaluate, featurise
from mlcore.methods.base import FewShotMethod


@dataclass(frozen=True, kw_only=True)
class CompareCommand:
    """Which two to measure, on what."""

    checkpoint: str
    against: str
    dataset: str
    data: DatasetRequest
    episodes: EpisodeConfig
    n_episodes: int
    seed: int
    device: str
    threads: int
    onnx_folder: Path | None

    def run(self) -> dict[str, Any]:
        """Measure both, and return plain numbers with all that is needed to repeat them."""
        if self.threads:
            torch.set_num_threads(self.threads)
        start = time.monotonic()
        folders = [find_checkpoint(name) for name in (self.checkpoint, self.against)]
        cards = [ModelCard.read(folder) for folder in folders]
        dataset = self._pictures(cards)
        EpisodeSampler(dataset, self.episodes, seed=self.seed)  # refuses, before anything is computed
        features = [self._features(folder, dataset) for folder in folders]
        measured = self._measure(dataset, features)
        return {
            **self._subject(cards, dataset),
            "exam": measured,
            "unseen": self._unseen(cards, dataset, features, measured),
            "seconds": round(time.monotonic() - start, 2),
        }

    def _pictures(self, cards: list[ModelCard]) -> PictureDataset:
        """Load the data set; raise CheckpointError if the two take pictures of different kinds."""
        ours, theirs = cards
        if ours.transform != theirs.transform:
            raise CheckpointError(
                f"{ours.name} takes pictures as {ours.transform} and {theirs.name} as {theirs.transform}; "
                "compare checkpoints of one kind"
            )
        dataset = load_dataset(self.dataset, **vars(self.data))
        return dataset.in_mode(find_transform(ours.transform).mode)

    def _features(self, folder: Path, dataset: PictureDataset) -> tuple[FewShotMethod, Tensor]:
        method = load_checkpoint(folder, device=resolve_device(self.device), onnx_folder=self.onnx_folder)
        check_unseen(self.dataset, method.config)
        transform = find_transform(ModelCard.read(folder).transform)
        return method, featurise(method, compute_inputs(method, dataset.images, transform))

    def _measure(self, dataset: PictureDataset, features: list[tuple[FewShotMethod, Tensor]]) -> dict[str, Any]:
        ours, theirs = (self._evaluate(method, dataset, seen) for method, seen in features)
        gain, half_width = difference(ours, theirs)
        return {
            "classes": dataset.n_classes,
            "episodes": ours.n_episodes,
            "accuracy": ours.accuracy,
            "ci95": ours.ci95,
            "against_accuracy": theirs.accuracy,
            "against_ci95": theirs.ci95,
            "difference": gain,
            "difference_ci95": half_width,
        }

    def _evaluate(self, method: FewShotMethod, dataset: PictureDataset, seen: Tensor) -> Evaluation:
        sampler = EpisodeSampler(dataset, self.episodes, seed=self.seed)
        return evaluate(method, seen, sampler, n_episodes=self.n_episodes)

    def _unseen(
        self,
        cards: list[ModelCard],
        dataset: PictureDataset,
        features: list[tuple[FewShotMethod, Tensor]],
        measured: dict[str, Any],
    ) -> dict[str, Any]:
        """Measure on the classes that neither of the two nor an ancestor was trained on, if there are enough."""
        taught = [lesson for card in cards for lesson in lessons(card)]
        if unknown := next((lesson.checkpoint for lesson in taught if lesson.is_unknown), None):
            return {"classes": 0, "unknown": unknown}
        places = unseen(dataset.class_names, taught, dataset=dataset.name, split=dataset.split)
        if len(places) < max(LEAST_UNSEEN, self.episodes.n_way):
            return {"classes": len(places), "needed": max(LEAST_UNSEEN, self.episodes.n_way)}
        if len(places) == dataset.n_classes:
            return measured
        rows = dataset.rows_of(places)
        return self._measure(dataset.subset(places), [(method, seen[rows]) for method, seen in features])

    def _subject(self, cards: list[ModelCard], dataset: PictureDataset) -> dict[str, Any]:
        ours, theirs = cards
        return {
            "checkpoint": ours.name,
            "digest": ours.digest,
            "against": theirs.name,
            "against_digest": theirs.digest,
            "dataset": dataset.name,
            "split": dataset.split,
            "fingerprint": dataset.fingerprint,
            "n_way": self.episodes.n_way,
            "k_shot": self.episodes.k_shot,
            "n_query": self.episodes.n_query,
            "seed": self.seed,
        }
