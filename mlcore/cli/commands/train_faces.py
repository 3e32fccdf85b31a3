"""`python -m mlcore faces train`: train a face embedding on a data set of people and save it with its card."""

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.cli.commands.runs import estimate, how_trained, identity_of, memory_in_words, run_folder, train
from mlcore.devices import leave_memory, resolve_device
from mlcore.errors import ConfigError
from mlcore.faces.config import FACES
from mlcore.faces.training.face_set import FaceSet, cut_out
from mlcore.faces.training.face_training import FaceTraining, build_network
from mlcore.faces.training.losses import build_loss
from mlcore.run_config import FaceRunConfig
from mlcore.training.progress import Events, Progress

SMALLER = "fewer people a step, pictures of each, or a narrower network"
"""What to try where memory ends."""


@dataclass(frozen=True, kw_only=True)
class TrainFacesCommand:
    """A run and where it trains; `command` is the line that repeats it."""

    config: FaceRunConfig
    out: Path
    device: str
    threads: int
    resume: Path | None
    events: Path | None
    leave_gpu_mb: int
    command: str

    def run(self) -> ModelCard:
        """Train, and save the weights that did best on the validation people; return the card.

        Raise what the settings or the data are refused for, before anything starts.
        """
        faces, validation = self._prepare()
        with memory_in_words(SMALLER), run_folder(self.out):
            events = Events(self.events, Progress(sys.stderr))
            run = self._run(faces, validation)
            identity = identity_of(self.config, faces.dataset, validation.dataset)
            best = train(run, events, out=self.out, resume=self.resume, identity=identity)
            trained = how_trained(run, self.config.training, best)
            card = save_checkpoint(self.out, run.network, replace(self._card(faces, trained), notes=run.note))
        events.done(self.out)
        return card

    def estimate(self, n_steps: int) -> dict[str, float]:
        """Time a few steps and a validation, and return what the run would take, in seconds; nothing is kept."""
        return estimate(lambda: self._run(*self._prepare()), n_steps)

    def _prepare(self) -> tuple[FaceSet, FaceSet]:
        """Load whom to train on and who chooses; raise ConfigError if they are not different people.

        Raise CheckpointError if the card of what is trained could not be read again.
        """
        if self.threads:
            torch.set_num_threads(self.threads)
        torch.manual_seed(self.config.training.seed)
        leave_memory(resolve_device(self.device), megabytes=self.leave_gpu_mb)
        faces, validation = self._load(self.config.data.split), self._load(self.config.validation_split)
        if shared := faces.dataset.shared_classes(validation.dataset):
            raise ConfigError(
                f"validation_split is {self.config.validation_split!r}, which shows {shared[0]} as the training "
                "does; choose splits that share nobody",
                field="validation_split",
            )
        self._card(faces, {}).require_readable()
        return faces, validation

    def _load(self, split: str) -> FaceSet:
        dataset = self.config.data.load(split=split)
        faces = cut_out(dataset, align=self.config.align)
        for warning in [*dataset.warnings, *faces.warnings]:
            sys.stderr.write(f"{warning}\n")
        return faces

    def _run(self, faces: FaceSet, validation: FaceSet) -> FaceTraining:
        config = self.config.method_config
        network = config.backbone
        loss = build_loss(self.config.method, config, n_people=faces.n_people, embedding_size=network.embedding_size)
        return FaceTraining(
            build_network(network),
            loss,
            faces,
            config=self.config.training,
            validation=validation,
            device=resolve_device(self.device),
        )

    def _card(self, faces: FaceSet, trained: dict[str, Any]) -> ModelCard:
        dataset = faces.dataset
        return ModelCard(
            name=self.config.name or self.out.absolute().name,
            kind=FACES,
            method=self.config.method,
            config=self.config.method_config.to_dict(),
            transform="aligned" if self.config.align else "whole",
            data={
                "name": dataset.name,
                "split": dataset.split,
                "fingerprint": dataset.fingerprint,
                "classes": faces.n_people,
                "pictures": len(dataset),
                "not_found": faces.not_found,
                "validation_split": self.config.validation_split,
            },
            training=trained,
            command=self.command,
            created=datetime.now(UTC).date().isoformat(),
            licence=self.config.licence,
            credit=self.config.credit,
        )
