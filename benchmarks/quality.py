"""How often the share that a person is told right after learning holds the truth: `mlcore.evaluation.quality`.

In each episode a support set is learned, what its own pictures say is worked out as on the site, and the truth is how
often that classifier is right on further pictures of its classes. Letters are Omniglot's evaluation alphabets, across
alphabets and within one; photos are the 15 classes of Grocery Store that choose nothing here, and for 20 ways all 35.

A row tells how often the interval holds the truth, how often it lies too high or too low, and how wide it is. "Not
shortened" takes what was answered as it is, though by classifiers of fewer pictures. `--compare` adds what else was
tried: Wilson's interval and Clopper and Pearson's around the same share, and leaving out each picture alone, which
costs many adaptations. With one picture a class it is the card that tells.

    python -m benchmarks.quality --kind photos --data-root ../shared/data/grocery_store
    python -m benchmarks.quality --kind characters --data-root ../shared/data/omniglot
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.exam import one_thread
from benchmarks.photo_classes import load_photos, split_classes
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.config import KINDS, EpisodeConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import Episode, EpisodeSampler, LabeledSet
from mlcore.data.images import find_transform
from mlcore.evaluation.episodes import compute_inputs, featurise
from mlcore.evaluation.leave_one_out import leave_one_of_each_out, leave_one_out, rounds_of
from mlcore.evaluation.quality import ClassCount, Expectation, Z, beta_interval, expectation, expectation_of_card
from mlcore.methods.base import FewShotMethod

EPISODES = 500
SIZES = ((5, 1), (5, 2), (5, 3), (5, 5), (20, 1), (20, 5))
N_QUERY = {"photos": 30, "characters": 15}
UNSHORTENED = 10**9
"""A number of pictures from which one less makes no difference."""


@dataclass
class Tally:
    """What was told in many episodes, and what was true."""

    share: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    true: list[float] = field(default_factory=list)

    def add(self, true: float, expected: Any) -> None:
        """Note an episode: the accuracy that was true, and what was expected of it."""
        self.true.append(true)
        self.share.append(expected.accuracy)
        self.low.append(expected.low)
        self.high.append(expected.high)

    def row(self) -> str:
        """Return the cells of a table."""
        n, fine = len(self.true), 1e-9
        too_high = sum(true < low - fine for true, low in zip(self.true, self.low, strict=True)) / n
        too_low = sum(true > high + fine for true, high in zip(self.true, self.high, strict=True)) / n
        wide = fmean(high - low for low, high in zip(self.low, self.high, strict=True))
        shares = (fmean(self.true), pstdev(self.true), fmean(self.share), 1 - too_high - too_low, too_high, too_low)
        return " | ".join(f"{100 * share:.1f}" for share in (*shares, wide))


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the episodes, and print the table."""
    options = _options(arguments)
    one_thread()
    method = load_checkpoint(find_checkpoint(options.checkpoint or options.kind), onnx_folder=options.onnx).eval()
    print("| task | interval | true | ± between tasks | told | holds it % | too high % | too low % | wide |")
    print("|---" * 9 + "|")
    for name, dataset, features, config in _tasks(options, method):
        sampler = EpisodeSampler(dataset, config, seed=options.seed)
        tallies = _tallied(method, features, sampler, options)
        for interval, tally in tallies.items():
            print(f"| {name} | {interval} | {tally.row()} |", flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--checkpoint", help="a folder or a name (default: that of the kind)")
    parser.add_argument("--choosing", action="store_true", help="on the classes that choose: 20 photos, background_val")
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--queries", type=int, help="of a class, in an episode (default: 30 photos, 15 letters)")
    parser.add_argument("--most-ways", type=int, default=20, help="leave out tasks of more classes")
    parser.add_argument("--compare", action="store_true", help="add what else was tried")
    parser.add_argument("--features", type=Path, help="a file that keeps the features of all pictures for next time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--onnx", type=Path, default=Path("data/onnx"), help="folder of the backbone's ONNX export")
    options = parser.parse_args(arguments)
    options.queries = options.queries or N_QUERY[options.kind]
    return options


def _tasks(
    options: argparse.Namespace, method: FewShotMethod
) -> Iterator[tuple[str, PictureDataset, Tensor, EpisodeConfig]]:
    """Yield each task: its name, the pictures, their features, and how episodes are drawn of them."""
    dataset = _pictures(options)
    features = _features(method, dataset, options)
    for n_way, k_shot in SIZES:
        if n_way > options.most_ways:
            continue
        name = f"{n_way}-way {k_shot}-shot"
        episodes = EpisodeConfig(n_way=n_way, k_shot=k_shot, n_query=options.queries)
        if options.kind == "characters":
            yield f"{name}, one alphabet", dataset, features, replace(episodes, within_group=True)
            yield name, dataset, features, episodes
            continue
        classes = _photo_classes(dataset, options, n_way)
        of_these = features[dataset.rows_of(classes)]
        yield f"{name}, of {len(classes)}", dataset.subset(classes), of_these, episodes


def _features(method: FewShotMethod, dataset: PictureDataset, options: argparse.Namespace) -> Tensor:
    """Return the features of all pictures, from where they were kept, or computed and kept there."""
    if options.features and options.features.is_file():
        return load_file(options.features)["features"]
    transform = find_transform(KINDS[options.kind].transform)
    features = featurise(method, compute_inputs(method, dataset.images, transform))
    if options.features:
        save_file({"features": features.contiguous()}, options.features)
    return features


def _pictures(options: argparse.Namespace) -> PictureDataset:
    if options.kind == "photos":
        return load_photos(options.data_root)
    split = "background_val" if options.choosing else "evaluation"
    return load_dataset("omniglot", root=options.data_root, split=split)


def _photo_classes(dataset: PictureDataset, options: argparse.Namespace, n_way: int) -> list[int]:
    """Return the classes that report, or those that choose; all of them where these are too few."""
    choosing, reporting = split_classes(dataset.n_classes, n_reporting=dataset.n_classes * 15 // 35)
    classes = choosing if options.choosing else reporting
    return classes if len(classes) >= n_way else list(range(dataset.n_classes))


def _tallied(
    method: FewShotMethod, features: Tensor, sampler: EpisodeSampler, options: argparse.Namespace
) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for index in sampler.batches(options.episodes, size=20):
        for episode in index.gather(features).episodes():
            true = _accuracy(method, episode)
            for interval, expected in _expectations(method, episode.support, compare=options.compare):
                if expected is not None and expected.low is not None:
                    tallies.setdefault(interval, Tally()).add(true, expected)
    return tallies


@torch.no_grad()
def _accuracy(method: FewShotMethod, episode: Episode) -> float:
    """Return how often the classifier of the whole support set is right on the queries."""
    answers = method.adapt_features(episode.support).probabilities_of(episode.query.images).argmax(-1)
    return (answers == episode.query.labels).double().mean().item()


def _expectations(method: FewShotMethod, support: LabeledSet, *, compare: bool) -> Iterator[tuple[str, Any]]:
    """Yield what is told of a support set, by the name of the way."""
    k_shot = int(support.shots[0])
    if k_shot == 1:
        results = method.card.results if method.card else []
        yield "of the card", expectation_of_card(results, n_way=support.n_way, k_shot=1)
        return
    rounds = rounds_of(support.labels, at_most=len(support.labels), n_rounds=k_shot)
    right = torch.zeros(support.n_way)
    for places, probabilities in leave_one_of_each_out(method, support, rounds):
        hits = probabilities.argmax(-1) == support.labels[places]
        right.index_add_(0, support.labels[places], hits.float())
    yield "shipped", _expected(right, k_shot, shortened=True)
    yield "not shortened", _expected(right, k_shot, shortened=False)
    if compare:
        share, n = _expected(right, k_shot, shortened=True).accuracy, len(support.labels)
        yield "Wilson", Expectation(share, *_wilson(share, n))
        yield "Clopper-Pearson", Expectation(share, *_clopper_pearson(share, n))
        yield "each alone", _expected(leave_one_out(method, support).confusion.diagonal(), k_shot, shortened=False)


def _expected(right: Tensor, k_shot: int, *, shortened: bool) -> Any:
    counts = [ClassCount(int(n), k_shot, k_shot if shortened else UNSHORTENED) for n in right.tolist()]
    return expectation(counts, n_rounds=k_shot)


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's interval (JASA 1927) of a share of n, in whole hundredths, rounded outwards."""
    width = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    return max(math.floor(100 * (middle - width)) / 100, 0.0), min(math.ceil(100 * (middle + width)) / 100, 1.0)


def _clopper_pearson(share: float, n: int) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson (Biometrika 1934), likewise."""
    right, wrong = share * n, (1 - share) * n
    low = beta_interval(right, wrong + 1)[0] if right else 0.0
    return low, beta_interval(right + 1, wrong)[1] if wrong else 1.0


if __name__ == "__main__":
    main()
