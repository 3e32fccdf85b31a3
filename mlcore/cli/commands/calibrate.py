"""`python -m mlcore calibrate`: choose how a checkpoint serves, and refit how sure it is on validation classes."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from mlcore.checkpoints.lineage import lessons, unseen
from mlcore.cli.commands.unseen import check_unseen
from mlcore.data.datasets import DATASETS, DatasetRequest, load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.images import find_transform
from mlcore.devices import resolve_device
from mlcore.evaluation.calibration import calibrate
from mlcore.evaluation.episodes import compute_inputs, featurise
from mlcore.method_config import METHODS


@dataclass(frozen=True, kw_only=True)
class CalibrateCommand:
    """What to change; `command` is the line that repeats it, and is added to the card's."""

    checkpoint: str
    dataset: str
    data: DatasetRequest
    views: str | None
    device: str
    threads: int
    onnx_folder: Path | None
    command: str

    def run(self) -> ModelCard:
        """Write the checkpoint anew with its serving options and its temperature; return its card."""
        if self.threads:
            torch.set_num_threads(self.threads)
        folder = find_checkpoint(self.checkpoint)
        card = ModelCard.read(folder)
        method = load_checkpoint(folder, device=resolve_device(self.device), onnx_folder=self.onnx_folder)
        check_unseen(self.dataset, method.config)
        if self.views is not None:
            config = METHODS[card.method].config.from_dict({**card.config, "views": self.views})
            method.config, card = config, replace(card, config=config.to_dict())
        transform = find_transform(card.transform)
        dataset = load_dataset(self.dataset, **vars(self.data)).in_mode(transform.mode)
        for warning in self._warnings(card, dataset):
            sys.stderr.write(f"{warning}\n")
        features = featurise(method, compute_inputs(method, dataset.images, transform))
        card = calibrate(method, card, dataset, features, seed=self.data.seed)
        return save_checkpoint(folder, method, replace(card, command=f"{card.command} && {self.command}"))

    def _warnings(self, card: ModelCard, dataset: PictureDataset) -> Iterator[str]:
        """Yield what keeps figures from being honest once these classes have chosen the temperature."""
        source, split = DATASETS[self.dataset], dataset.split
        if source.is_tested_on(split):
            yield (
                f"The classes of {split} are for tests: once they have chosen the temperature, what is measured on "
                f"them is no figure of new classes. Calibrate on {source.usual[1]}, or on classes of your own."
            )
        taught = [lesson for lesson in lessons(card) if not lesson.is_unknown]
        left = unseen(dataset.class_names, taught, dataset=dataset.name, split=split)
        if learned := dataset.n_classes - len(left):
            yield (
                f"{card.name} may have learned from {learned} of these {dataset.n_classes} classes, of which it is "
                "surer than of new ones. Calibrate on classes that it never saw."
            )
