"""Train a face embedding: the loop of every training, over batches that hold several pictures of each person."""

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from mlcore.errors import ConfigError, DatasetError
from mlcore.faces.config import FACE_NETWORKS, FaceNetworkConfig, FaceTrainingConfig
from mlcore.faces.training.face_set import FaceSet
from mlcore.faces.verification.metrics import equal_error_rate, interval
from mlcore.faces.verification.pairs import ScoredPairs, many_pairs
from mlcore.methods.base import Metrics
from mlcore.training.loop import Event, TrainingLoop, build_optimizer
from mlcore.training.precision import computing_in
from mlcore.training.processes import Team

DRAWS = 100  # of people, for the interval of a validation
_CHUNK = 64  # faces embedded at once


def build_network(config: FaceNetworkConfig) -> nn.Module:
    """Build the network that a config names.

    Its `inputs` takes faces (n, 3, 150, 150) uint8 to what it computes from, and `training_inputs` to all that
    training draws from, (variants, n, ...), both once for a whole run; it has an `embedding_size`.
    """
    network: nn.Module = FACE_NETWORKS[config.name].resolve()(config)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


class PeopleSampler:
    """Draw batches of people with several pictures of each, none twice in a batch where there are enough."""

    def __init__(self, labels: Tensor, config: FaceTrainingConfig) -> None:
        counts = labels.bincount()
        if (counts < 2).any():
            raise DatasetError("Every person to train on needs two pictures or more.")
        if config.people_per_step > len(counts):
            raise ConfigError(
                f"people_per_step is {config.people_per_step}, but the data set shows {len(counts)} people",
                field="people_per_step",
            )
        self.generator = Generator().manual_seed(config.seed)
        self._rows = [(labels == person).nonzero()[:, 0] for person in range(len(counts))]
        self._n_people, self._n_pictures = config.people_per_step, config.pictures_per_person

    def draw(self) -> Tensor:
        """Draw the rows of a batch, person by person: (people * pictures,) int64."""
        people = torch.randperm(len(self._rows), generator=self.generator)[: self._n_people]
        return torch.cat([self._pictures(self._rows[person]) for person in people.tolist()])

    def _pictures(self, rows: Tensor) -> Tensor:
        places = torch.randperm(len(rows), generator=self.generator)
        return rows[places[torch.arange(self._n_pictures) % len(rows)]]


class FaceTraining(TrainingLoop):
    """One run: a network, and a loss whose weights, where it has any, are trained along with it.

    Raise DatasetError or ConfigError if the people are too few.
    """

    rate_name = "lr"
    config: FaceTrainingConfig

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        faces: FaceSet,
        *,
        config: FaceTrainingConfig,
        validation: FaceSet,
        device: torch.device,
    ) -> None:
        both = nn.ModuleDict({"network": network, "loss": loss}).to(device)
        self.network, self.loss, self.labels = network, loss, faces.labels.to(device)
        self.sampler = PeopleSampler(faces.labels, config)
        self.augmentation = Generator().manual_seed(config.seed + 1)
        self.inputs: Tensor = network.training_inputs(faces.faces.to(device))  # type: ignore[operator]
        self.validation_inputs: Tensor = network.inputs(validation.faces.to(device))  # type: ignore[operator]
        self.validation_pairs = many_pairs(validation.labels.numpy(), seed=config.seed)
        optimizer = build_optimizer(both, name=config.optimizer, rate=config.lr, weight_decay=config.weight_decay)
        super().__init__(both, optimizer, config, Team(device))

    def gather_gradients(self, progress: float) -> Metrics:
        """Draw people, and gather the gradient of their loss, which is taken in float32 whatever the network does."""
        rows = self.sampler.draw()
        variants = torch.randint(len(self.inputs), (len(rows),), generator=self.augmentation)
        inputs = _plain(self.inputs[variants, rows])
        if inputs.ndim == 4:
            inputs = augment(inputs, strength=self.config.jitter, generator=self.augmentation)
        with computing_in(self.network, self.config.precision):
            embeddings = self.network(inputs)
        loss = self.loss(embeddings.float(), self.labels[rows.to(self.labels.device)])
        loss.backward()
        return {"loss": loss.item()}

    def score(self) -> Event:
        """Return the accuracy where both error rates are equal, with its interval, on pairs of validation people."""
        pairs = self.validation_pairs.scored(embed(self.network, self.validation_inputs))
        bounds = interval(pairs, accuracy_at_equal_errors, draws=DRAWS, seed=self.config.seed)
        low, high = bounds or (0.0, 1.0)
        return {"accuracy": accuracy_at_equal_errors(pairs), "ci95": (high - low) / 2}

    def generators(self) -> dict[str, Generator]:
        """Return what draws people and what augments pictures, by the names that a saved state has for them."""
        return {"sampler": self.sampler.generator, "changes": self.augmentation}


def accuracy_at_equal_errors(pairs: ScoredPairs) -> float:
    """Return one minus the equal error rate."""
    return 1 - equal_error_rate(pairs.same, pairs.different)


@torch.no_grad()
def embed(network: nn.Module, inputs: Tensor) -> np.ndarray:
    """Embed what a network's `inputs` gave, for comparison: (n, ...) -> (n, embedding_size) float32."""
    return torch.cat([network(_plain(part)).float().cpu() for part in inputs.split(_CHUNK)]).numpy()


def _plain(inputs: Tensor) -> Tensor:
    """Return pictures as float32, in the layout in which convolutions are quickest."""
    return inputs.float().contiguous(memory_format=torch.channels_last) if inputs.ndim == 4 else inputs


def augment(pictures: Tensor, *, strength: float, generator: Generator) -> Tensor:
    """Turn, scale, move and light pictures (n, C, H, W), 0 to 255, a little; at strength 1 by up to a tenth."""
    n = len(pictures)
    slips = torch.empty(n, 2, 3).uniform_(-0.1, 0.1, generator=generator) * strength
    gain = 1 + 2 * torch.empty(n, 1, 1, 1).uniform_(-0.1, 0.1, generator=generator) * strength
    theta = (torch.eye(2, 3) + slips).to(pictures)
    grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
    moved = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    return (moved * gain.to(pictures)).clamp(0, 255)
