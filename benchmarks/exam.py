"""What the exams of checkpoints share: protocols, pictures seen once for all of them, and figures on cards."""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mlcore.checkpoints.card import CARD_FILE, ModelCard
from mlcore.config import EpisodeConfig
from mlcore.data.corruptions import corrupted
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import Transform
from mlcore.evaluation.episodes import Evaluation, compute_inputs, evaluate, featurise
from mlcore.methods.base import FewShotMethod

LEAST_EPISODES = 200
REHEARSED = 10  # episodes that tell how long one takes
ROUND = 20  # episodes that `evaluate` draws at once, so that fewer of them are the first of more


@dataclass(frozen=True)
class Protocol:
    """A way to examine, by the name that cards give it."""

    name: str
    episodes: EpisodeConfig
    transductive: bool = False


FIVE_WAY = Protocol("5-way 1-shot", EpisodeConfig(n_way=5, k_shot=1, n_query=5))
LETTERS = (
    FIVE_WAY,
    Protocol("5-way 5-shot", EpisodeConfig(n_way=5, k_shot=5, n_query=5)),
    Protocol("20-way 1-shot", EpisodeConfig(n_way=20, k_shot=1, n_query=5)),
    Protocol(
        "20-way 1-shot, one alphabet, one drawer",
        EpisodeConfig(n_way=20, k_shot=1, n_query=1, within_group=True, one_author=True),
    ),
)
TRANSDUCTIVE = Protocol("5-way 1-shot, transductive", FIVE_WAY.episodes, transductive=True)
PHOTOS = tuple(
    Protocol(f"5-way {k_shot}-shot", EpisodeConfig(n_way=5, k_shot=k_shot, n_query=10)) for k_shot in (1, 3, 5)
)


@dataclass(frozen=True)
class Exam:
    """The pictures that checkpoints are examined on, all in the same episodes.

    seconds: what one protocol may take for one checkpoint; where that does not do for all episodes, it has the first
    of them, never fewer than `LEAST_EPISODES` unless `episodes` is smaller.
    """

    dataset: PictureDataset
    transform: Transform
    episodes: int
    seed: int
    seconds: float = math.inf
    _inputs: dict[bool, Tensor] = field(default_factory=dict)

    def inputs(self, method: FewShotMethod) -> Tensor:
        """Compute the inputs of every picture, once for all methods that take the same."""
        takes_maps = method.is_pretrained and bool(method.backbone.is_map)
        if takes_maps not in self._inputs:
            self._inputs[takes_maps] = compute_inputs(method, self.dataset.images, self.transform)
        return self._inputs[takes_maps]

    def corrupted_inputs(self, method: FewShotMethod, corruption: str) -> Tensor:
        """Compute the inputs of every picture, each corrupted on its own."""
        return compute_inputs(method, corrupted(self.dataset.images, corruption, seed=self.seed), self.transform)

    def take(self, method: FewShotMethod, protocols: tuple[Protocol, ...]) -> dict[str, Evaluation]:
        """Examine a method by each protocol."""
        inputs = self.inputs(method)
        features = featurise(method, inputs)
        return {
            protocol.name: self.score(method, inputs if protocol.transductive else features, protocol)
            for protocol in protocols
        }

    def score(self, method: FewShotMethod, seen: Tensor, protocol: Protocol) -> Evaluation:
        """Score one protocol on features, or on inputs if it is transductive."""
        n = min(self.episodes, self._affordable(method, seen, protocol))
        return self._evaluate(method, seen, protocol, n)

    def _affordable(self, method: FewShotMethod, seen: Tensor, protocol: Protocol) -> float:
        if self.seconds == math.inf:
            return self.episodes
        start = time.monotonic()
        self._evaluate(method, seen, protocol, REHEARSED)
        fitting = self.seconds * REHEARSED / (time.monotonic() - start)
        return max(int(fitting) // ROUND * ROUND, LEAST_EPISODES)

    def _evaluate(self, method: FewShotMethod, seen: Tensor, protocol: Protocol, n: float) -> Evaluation:
        sampler = EpisodeSampler(self.dataset, protocol.episodes, seed=self.seed)
        return evaluate(method, seen, sampler, n_episodes=int(n), transductive=protocol.transductive)


def row_of(protocol: str, result: Evaluation) -> dict[str, Any]:
    """Return a figure as cards hold it."""
    row = {"protocol": protocol, "accuracy": result.accuracy, "ci95": result.ci95, "ece": result.ece}
    return {**row, "episodes": result.n_episodes}


def add_results(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Put figures on a checkpoint's card, each in place of an older one of the same data set and protocol."""
    card = ModelCard.read(folder)
    renewed = {_subject(row) for row in rows}
    kept = [row for row in card.results if _subject(row) not in renewed]
    (folder / CARD_FILE).write_text(replace(card, results=rows + kept).to_json(), encoding="utf-8")


def _subject(row: dict[str, Any]) -> tuple[str, str]:
    return row.get("dataset", ""), row.get("protocol", "")


def one_thread() -> None:
    """Compute on one thread, so that times mean the same on every machine."""
    torch.set_num_threads(1)
