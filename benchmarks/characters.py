"""Measure a `characters` checkpoint on Omniglot's evaluation alphabets: clean, within one alphabet, and degraded.

Every figure is over episodes of classes that the checkpoint never saw. Degradations spoil support and query apart;
"several" applies three at random to each picture. With `--write-card` the figures go into the checkpoint's card.

    python -m benchmarks.characters --data-root ../shared/data/omniglot
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from mlcore.checkpoint import find_checkpoint, load_checkpoint
from mlcore.config import EpisodeConfig
from mlcore.datasets import load_dataset
from mlcore.datasets.base import PictureDataset
from mlcore.degrade import DEGRADATIONS, degraded
from mlcore.episode import EpisodeSampler
from mlcore.evaluation import Evaluation, compute_inputs, evaluate, featurise
from mlcore.images import find_transform
from mlcore.methods.base import FewShotMethod
from mlcore.model_card import CARD_FILE, ModelCard

ONE_DRAWER = EpisodeConfig(n_way=20, k_shot=1, n_query=1, within_group=True, one_author=True)
CLEAN = {
    "5-way 1-shot": EpisodeConfig(n_way=5, k_shot=1, n_query=5),
    "5-way 5-shot": EpisodeConfig(n_way=5, k_shot=5, n_query=5),
    "20-way 1-shot": EpisodeConfig(n_way=20, k_shot=1, n_query=5),
    "20-way 1-shot, one alphabet, one drawer": ONE_DRAWER,
}


@dataclass(frozen=True)
class Exam:
    """A checkpoint and the pictures that it is examined on."""

    method: FewShotMethod
    card: ModelCard
    dataset: PictureDataset
    episodes: int
    seed: int

    def features(self, degradation: str = "none") -> Tensor:
        """Features of every picture, each degraded on its own."""
        images = degraded(self.dataset.images, degradation, seed=self.seed)
        return featurise(self.method, compute_inputs(self.method, images, find_transform(self.card.transform)))

    def score(self, features: Tensor, config: EpisodeConfig) -> Evaluation:
        """Score one protocol; the same seed draws the same episodes for every set of features."""
        sampler = EpisodeSampler(self.dataset, config, seed=self.seed)
        return evaluate(self.method, features, sampler, n_episodes=self.episodes)


def run(exam: Exam, *, clean_only: bool) -> list[dict[str, Any]]:
    """Take the exam, printing a Markdown table row by row; give the rows."""
    print("| protocol | accuracy % | ± 95 % | ECE | lost to clean |\n|---|---|---|---|---|")
    features = exam.features()
    rows = []
    for protocol, config in CLEAN.items():
        rows.append(_row(protocol, exam.score(features, config)))
    if not clean_only:
        clean = exam.score(features, CLEAN["5-way 1-shot"])
        for name in (*DEGRADATIONS, "several"):
            result = exam.score(exam.features(name), CLEAN["5-way 1-shot"])
            rows.append(_row(f"5-way 1-shot, {name}", result, lost=clean.accuracy - result.accuracy))
        losses = [100 * row["lost"] for row in rows if "lost" in row]
        print(f"\nLost when degraded: {sum(losses) / len(losses):.2f} points on average, {max(losses):.2f} at most.")
    return rows


def _row(protocol: str, result: Evaluation, *, lost: float | None = None) -> dict[str, Any]:
    shown = "" if lost is None else f"{100 * lost:.2f}"
    accuracy = f"{100 * result.accuracy:.2f} | {100 * result.ci95:.2f} | {result.ece:.4f}"
    print(f"| {protocol} | {accuracy} | {shown} |", flush=True)
    row = {"protocol": protocol, "accuracy": result.accuracy, "ci95": result.ci95, "ece": result.ece}
    return {**row, "episodes": result.n_episodes} | ({} if lost is None else {"lost": lost})


def main() -> None:
    """Parse the command line, take the exam, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", default="characters")
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--split", default="evaluation")
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--views", help="test-time views instead of the card's")
    parser.add_argument("--clean-only", action="store_true")
    parser.add_argument("--write-card", action="store_true")
    options = parser.parse_args()
    folder = find_checkpoint(options.checkpoint)
    method = load_checkpoint(folder)
    card = ModelCard.read(folder)
    if options.views:
        method.config = replace(method.config, views=options.views)
    dataset = load_dataset("omniglot", root=options.data_root, split=options.split)
    exam = Exam(method, card, dataset, options.episodes, options.seed)
    rows = run(exam, clean_only=options.clean_only)
    if options.write_card:
        command = "python -m benchmarks.characters --data-root DIR"
        results = [
            {"dataset": f"omniglot {options.split}", "seed": options.seed, "command": command, **row} for row in rows
        ]
        (folder / CARD_FILE).write_text(replace(card, results=results).to_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
