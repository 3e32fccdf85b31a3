"""`python -m mlcore evaluate`: measure a checkpoint over episodes."""

import time
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import torch

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.cli.commands.unseen import check_unseen
from mlcore.config import EpisodeConfig
from mlcore.data.corruptions import corrupted
from mlcore.data.datasets import DatasetRequest, load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import find_transform
from mlcore.devices import resolve_device
from mlcore.evaluation.episodes import Evaluation, accuracy_by_group, compute_inputs, evaluate, featurise


@dataclass(frozen=True, kw_only=True)
class EvaluateCommand:
    """What to measure."""

    checkpoint: str
    dataset: str
    data: DatasetRequest
    episodes: EpisodeConfig
    n_episodes: int
    seed: int
    corruption: str
    transductive: bool
    views: str | None
    device: str
    threads: int
    onnx_folder: Path | None

    def run(self) -> dict[str, Any]:
        """Evaluate, and return plain numbers with all that is needed to repeat them."""
        if self.threads:
            torch.set_num_threads(self.threads)
        folder = find_checkpoint(self.checkpoint)
        method = load_checkpoint(folder, device=resolve_device(self.device), onnx_folder=self.onnx_folder)
        check_unseen(self.dataset, method.config)
        if self.views is not None:
            method.config = replace(method.config, views=self.views)
        card = ModelCard.read(folder)
        transform = find_transform(card.transform)
        dataset = load_dataset(self.dataset, **vars(self.data)).in_mode(transform.mode)
        sampler = EpisodeSampler(dataset, self.episodes, seed=self.seed)
        start = time.monotonic()
        images = corrupted(dataset.images, self.corruption, seed=self.seed)
        inputs = compute_inputs(method, images, transform, n_rotations=self.episodes.n_rotations)
        seen = inputs if self.transductive else featurise(method, inputs)
        result = evaluate(method, seen, sampler, n_episodes=self.n_episodes, transductive=self.transductive)
        return {
            "accuracy": result.accuracy,
            "ci95": result.ci95,
            "ece": result.ece,
            "nll": result.nll,
            "episodes": result.n_episodes,
            "diverged": result.n_diverged,
            "n_way": self.episodes.n_way,
            "k_shot": self.episodes.k_shot,
            "n_query": sampler.n_query,
            "within_alphabet": self.episodes.within_group,
            "one_drawer": self.episodes.one_author,
            "n_rotations": self.episodes.n_rotations,
            "transductive": self.transductive,
            "degrade": self.corruption,
            "seed": self.seed,
            "checkpoint": card.name,
            "digest": card.digest,
            "dataset": dataset.name,
            "split": dataset.split,
            "fingerprint": dataset.fingerprint,
            "seconds": round(time.monotonic() - start, 2),
            "notes": [*dataset.warnings, *sampler.notes],
            **self._by_alphabet(result, dataset),
        }

    def _by_alphabet(self, result: Evaluation, dataset: PictureDataset) -> dict[str, dict[str, float]]:
        """Return the accuracy within each alphabet, the hardest first, where episodes lie within one."""
        if not self.episodes.within_group or dataset.groups is None:
            return {}
        by_group = sorted(accuracy_by_group(result, dataset.groups).items(), key=itemgetter(1))
        return {"by_alphabet": {dataset.group_name(group): accuracy for group, accuracy in by_group}}
