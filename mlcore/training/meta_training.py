"""Meta-training: one loop for every method."""

from dataclasses import dataclass

import torch
from torch import Generator

from mlcore.config import EpisodeConfig, TrainingConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import Transform
from mlcore.evaluation.episodes import compute_inputs, evaluate, featurise
from mlcore.methods.base import FewShotMethod, Metrics
from mlcore.training.loop import Event, TrainingLoop, build_optimizer
from mlcore.training.pictures import TrainingInputs, TrainingPictures
from mlcore.training.precision import computing_in
from mlcore.training.processes import Team


@dataclass(frozen=True)
class Validation:
    """What chooses between checkpoints: classes apart from the training ones, and the episodes drawn from them."""

    dataset: PictureDataset
    episodes: EpisodeConfig


class MetaTraining(TrainingLoop):
    """One run of meta-training, of a method.

    Raise DatasetError if the data cannot fill an episode, ConfigError if the team cannot share a step evenly.
    """

    rate_name = "outer_lr"
    config: TrainingConfig

    def __init__(
        self,
        method: FewShotMethod,
        dataset: PictureDataset,
        *,
        transform: Transform,
        episodes: EpisodeConfig,
        config: TrainingConfig,
        validation: Validation,
        team: Team,
    ) -> None:
        self.method, self.validation = method, validation
        self.share = team.share(config.episodes_per_step)
        method.begin_training(dataset.n_classes * episodes.n_rotations)
        method.to(team.device)
        method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.sampler = EpisodeSampler(dataset, episodes, seed=config.seed)
        self.pictures: TrainingInputs | TrainingPictures
        if method.is_pretrained:
            self.pictures = TrainingInputs(method, dataset, transform, config, episodes)
        else:
            self.pictures = TrainingPictures(dataset, transform, config, team.device)
        self.validation_inputs = compute_inputs(method, validation.dataset.images, transform)
        optimizer = build_optimizer(
            method, name=config.optimizer, rate=config.outer_lr, weight_decay=config.weight_decay
        )
        super().__init__(method, optimizer, config, team)

    def finish(self) -> None:
        """Leave the method with what serving needs alone."""
        self.method.end_training()
        super().finish()

    def gather_gradients(self, progress: float) -> Metrics:
        """Draw episodes, and gather the outer gradient."""
        self.method.progress = progress
        episodes = self.pictures.gather(self.sampler.draw(self.config.episodes_per_step), self.share)
        with computing_in(self.method.backbone, self.config.precision):
            return self.method.accumulate_gradients(episodes)

    def score(self) -> Event:
        """Measure the accuracy over the validation episodes."""
        sampler = EpisodeSampler(self.validation.dataset, self.validation.episodes, seed=self.config.seed)
        features = featurise(self.method, self.validation_inputs)
        evaluation = evaluate(self.method, features, sampler, n_episodes=self.config.validation_episodes)
        diverged = evaluation.n_diverged / evaluation.n_episodes
        return {"accuracy": evaluation.accuracy, "ci95": evaluation.ci95, "diverged": diverged}

    def rates_in_words(self) -> str:
        """Name the settings that are too large where learning does not settle."""
        inner = " or inner_lr" if hasattr(self.method.config, "inner_lr") else ""
        return super().rates_in_words() + inner

    def generators(self) -> dict[str, Generator]:
        """Return what draws the episodes, and what changes their pictures."""
        drawn = {"sampler": self.sampler.generator}
        if isinstance(self.pictures, TrainingPictures):
            drawn["pictures"] = self.pictures.generator
        return drawn
