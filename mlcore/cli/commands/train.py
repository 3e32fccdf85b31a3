"""`python -m mlcore train`: meta-train a method on a data set and save it with its card."""

import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from mlcore.backbones.pretrained import serve_from
from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from mlcore.checkpoints.lineage import ancestors_for_card, listed
from mlcore.cli.commands.runs import (
    estimate,
    how_trained,
    identity_of,
    memory_in_words,
    resumed,
    run_folder,
    train,
)
from mlcore.cli.commands.unseen import check_unseen
from mlcore.cli.options import command_line
from mlcore.config import EpisodeConfig
from mlcore.data.datasets import DATASETS
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import find_transform
from mlcore.devices import leave_memory, resolve_device
from mlcore.errors import ConfigError, Stopped
from mlcore.evaluation.calibration import NOT_CALIBRATED, calibrate, calibration_samplers
from mlcore.evaluation.episodes import featurise
from mlcore.methods import build_method
from mlcore.methods.base import FewShotMethod
from mlcore.run_config import MetaRunConfig
from mlcore.training.loop import unheard
from mlcore.training.meta_training import MetaTraining, Validation
from mlcore.training.processes import Team, count_processes, gathered
from mlcore.training.progress import Events, Progress
from mlcore.training.run_folder import stop_on_terminate

SMALLER = "fewer episodes a step, ways, shots or queries, a narrower backbone, or smaller pictures"
"""What to try where memory ends."""


@dataclass(frozen=True, kw_only=True)
class TrainCommand:
    """A run and where it trains; `arguments` are the command line that repeats it, without the program."""

    config: MetaRunConfig
    out: Path
    device: str
    threads: int
    processes: str
    onnx_folder: Path | None
    resume: Path | None
    events: Path | None
    leave_gpu_mb: int
    arguments: tuple[str, ...]

    def run(self) -> None:
        """Train, fit the temperature on the validation classes, and save; or help the process that does.

        Raise what the settings, the data or the checkpoint to start from are refused for, before anything starts.
        """
        prepared = self._prepare()
        device, n_episodes = resolve_device(self.device), self.config.training.episodes_per_step
        together = gathered(self.processes, arguments=self.arguments, device=device, n_episodes=n_episodes)
        with together as team, memory_in_words(SMALLER):
            self._lead(*prepared, team) if team.leads else self._help(*prepared, team)

    def estimate(self, n_steps: int) -> dict[str, float]:
        """Time a few steps and a validation, and return what the run would take, in seconds; nothing is kept.

        Where processes would share a run, this one is timed with the share of one.
        """
        team, n_episodes = Team(resolve_device(self.device)), self.config.training.episodes_per_step
        share = n_episodes // count_processes(self.processes, device=team.device, n_episodes=n_episodes)
        training = replace(self.config.training, episodes_per_step=max(share, 1))
        timed = replace(self, config=replace(self.config, training=training))
        return estimate(lambda: timed._meta_training(*self._prepare(), team), n_steps)

    def _prepare(self) -> tuple[FewShotMethod, PictureDataset, Validation]:
        if self.threads:
            torch.set_num_threads(self.threads)
        torch.manual_seed(self.config.training.seed)
        check_unseen(self.config.data.dataset or "", self.config.method_config)
        method = self._start()
        dataset, validation = self._load(self.config.data.split), self._validation()
        self._require_apart(dataset, validation.dataset)
        self._rehearse(dataset, validation)
        return method, dataset, validation

    def _meta_training(
        self, method: FewShotMethod, dataset: PictureDataset, validation: Validation, team: Team
    ) -> MetaTraining:
        leave_memory(team.device, megabytes=self.leave_gpu_mb)
        if self.onnx_folder is not None:
            serve_from(method, self.onnx_folder)
        return MetaTraining(
            method,
            dataset,
            transform=find_transform(self.config.transform_name),
            episodes=self.config.episodes,
            config=self.config.training,
            validation=validation,
            team=team,
        )

    def _help(self, method: FewShotMethod, dataset: PictureDataset, validation: Validation, team: Team) -> None:
        """Learn from this process's share of the episodes; whoever leads does the rest."""
        run = self._meta_training(method, dataset, validation, team)
        resumed(run, self.resume, identity=self._identity(dataset, validation))
        with stop_on_terminate() as stop, suppress(Stopped):  # the one that leads is asked to stop too, and says so
            run.run(unheard, stop=stop)

    def _lead(self, method: FewShotMethod, dataset: PictureDataset, validation: Validation, team: Team) -> None:
        """Train, telling how it goes and keeping states, and save the checkpoint."""
        with run_folder(self.out):
            run = self._meta_training(method, dataset, validation, team)
            events = Events(self.events, Progress(sys.stderr), episodes_per_step=self.config.training.episodes_per_step)
            identity = self._identity(dataset, validation)
            best = train(run, events, out=self.out, resume=self.resume, identity=identity)
            self._save(run, dataset, best)
        events.done(self.out)

    def _save(self, run: MetaTraining, dataset: PictureDataset, best: dict[str, float]) -> None:
        """Leave a checkpoint, then calibrate it: what was learned is not lost to what fails or ends there."""
        trained = how_trained(run, self.config.training, best)
        card = replace(self._card(dataset, run.validation.dataset, trained), notes=run.note)
        unfitted = replace(card, notes=f"{NOT_CALIBRATED}: training ended before that. {run.note}".rstrip())
        save_checkpoint(self.out, run.method, unfitted)
        try:
            features = featurise(run.method, run.validation_inputs)
            seed = self.config.training.seed
            card = calibrate(run.method, card, run.validation.dataset, features, seed=seed)
        except Exception as error:
            card = replace(card, notes=f"{NOT_CALIBRATED}: {error}. {run.note}".rstrip())
        if card.notes:
            sys.stderr.write(f"{card.notes}\n")
        save_checkpoint(self.out, run.method, card)

    def _start(self) -> FewShotMethod:
        """Build the method, with the backbone of the checkpoint to start from; raise ConfigError if that does not fit.

        A pretrained backbone without an adapter has no weights of its own: there, the new adapter is the beginning.
        """
        method = build_method(self.config.method, self.config.method_config)
        if self.config.start_from is None:
            return method
        start = load_checkpoint(find_checkpoint(self.config.start_from))
        self.config.require_start(start.config, name=self.config.start_from)
        if weights := start.backbone.state_dict():
            method.backbone.load_state_dict(weights)
        return method

    def _rehearse(self, dataset: PictureDataset, validation: Validation) -> None:
        """Raise now, not after hours of training, what would keep the data from filling an episode, or the card."""
        self._card(dataset, validation.dataset, {}).require_readable()
        EpisodeSampler(dataset, self.config.episodes, seed=self.config.training.seed)
        EpisodeSampler(validation.dataset, validation.episodes, seed=self.config.training.seed)
        calibration_samplers(validation.dataset, seed=self.config.training.seed)

    def _require_apart(self, dataset: PictureDataset, validation: PictureDataset) -> None:
        """Raise ConfigError where classes that choose are learned from too, unless that is allowed."""
        shared = dataset.shared_classes(validation)
        if shared and not self.config.allow_overlap:
            train, val, _ = DATASETS[self.config.data.dataset or ""].usual
            raise ConfigError(
                f"validation_split is {validation.split!r}, which shares {len(shared)} classes with {dataset.split!r}, "
                f"such as {shared[0]}, so that its accuracy would say nothing of new classes; choose splits that share "
                f"none, as {train} and {val}, or have the card say so with --allow-overlap",
                field="validation_split",
            )

    def _load(self, split: str) -> PictureDataset:
        dataset = self.config.data.load(split=split)
        for warning in dataset.warnings:
            sys.stderr.write(f"{warning}\n")
        return dataset.in_mode(find_transform(self.config.transform_name).mode)

    def _validation(self) -> Validation:
        """Validate as people use it: one picture a class; in one alphabet by one drawer where the data set can."""
        dataset = self._load(self.config.validation_split)
        by_author = dataset.authors is not None and dataset.groups is not None
        episodes = EpisodeConfig(
            n_way=min(self.config.validation_n_way, dataset.n_classes),
            n_query=1 if by_author else 5,
            within_group=by_author,
            one_author=by_author,
        )
        return Validation(dataset, episodes)

    def _identity(self, dataset: PictureDataset, validation: Validation) -> dict[str, Any]:
        """Return what this run is made of; the checkpoint that it starts from is known by its weights."""
        start = self._origin()
        return {**identity_of(self.config, dataset, validation.dataset), "start_from": start and start["digest"]}

    def _origin(self) -> dict[str, str] | None:
        """Name the checkpoint that the backbone's weights came from."""
        if self.config.start_from is None:
            return None
        card = ModelCard.read(find_checkpoint(self.config.start_from))
        return {"name": card.name, "digest": card.digest}

    def _ancestors(self) -> list[dict[str, Any]]:
        """List the checkpoints that the weights came through, the nearest first, with what each learned from."""
        start = self.config.start_from
        return [] if start is None else ancestors_for_card(ModelCard.read(find_checkpoint(start)))

    def _card(self, dataset: PictureDataset, validation: PictureDataset, trained: dict[str, Any]) -> ModelCard:
        return ModelCard(
            name=self.config.name or self.out.absolute().name,
            kind=self.config.kind,
            method=self.config.method,
            config=self.config.method_config.to_dict(),
            transform=self.config.transform_name,
            data={
                "name": dataset.name,
                "split": dataset.split,
                "fingerprint": dataset.fingerprint,
                "classes": dataset.n_classes,
                "class_names": listed(dataset.class_names),
                "pictures": len(dataset),
                "validation_split": self.config.validation_split,
                "validation_overlap": len(dataset.shared_classes(validation)),
            },
            training={
                "start_from": self._origin(),
                "ancestors": self._ancestors(),
                "episodes": self.config.episodes.to_dict(),
                **trained,
            },
            command=command_line(self.arguments),
            created=datetime.now(UTC).date().isoformat(),
            licence=self.config.licence,
            credit=self.config.credit,
        )
