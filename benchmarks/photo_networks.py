"""Choose the network of `photos`: EfficientNet-Lite2 against Lite0 in the same two looks and the same episodes.

On the 20 classes of the Grocery Store photos that choose: accuracy of each, in per cent, and the paired difference with
the half-width of its 95 % interval; and the CPU time of one photo through each, one thread, by turns.

    python -m benchmarks.photo_networks --data-root ../shared/data/grocery_store
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from benchmarks.photo_classes import N_REPORTING, load_photos, part_of, split_classes
from benchmarks.photos_checkpoint import build
from mlcore.config import EpisodeConfig
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import find_transform
from mlcore.evaluation.episodes import compute_inputs, difference, evaluate, featurise
from mlcore.methods.prototypical import Prototypical

NETWORKS = ("efficientnet_lite0", "efficientnet_lite2")
SETTINGS = ((5, 1), (5, 5), (20, 5))  # n_way, k_shot
REPEATS = 30


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds photos_160.zip")
    parser.add_argument("--onnx", type=Path, default=Path("data/onnx"), help="folder of the ONNX exports")
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--reporting", type=int, default=N_REPORTING, help="classes that are left out here")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    dataset = load_photos(options.data_root)
    choosing, _ = split_classes(dataset.n_classes, n_reporting=options.reporting)
    methods = [build(name, options.onnx) for name in NETWORKS]
    transform = find_transform("photos")
    features = [featurise(method, compute_inputs(method, dataset.images, transform)) for method in methods]
    print(f"\n| task, {len(choosing)} classes | {' | '.join(NETWORKS)} | difference |\n|---|---|---|---|")
    for ways, k_shot in SETTINGS:
        n_way = min(ways, len(choosing))
        results = []
        for method, of_all in zip(methods, features, strict=True):
            part, rows = part_of(dataset, of_all, choosing)
            sampler = EpisodeSampler(part, EpisodeConfig(n_way=n_way, k_shot=k_shot, n_query=10), seed=0)
            results.append(evaluate(method, rows, sampler, n_episodes=options.episodes))
        gain, ci95 = difference(results[1], results[0])
        first, second = (f"{100 * result.accuracy:.2f}" for result in results)
        print(f"| {n_way}-way {k_shot}-shot | {first} | {second} | {100 * gain:+.2f} ± {100 * ci95:.2f} |", flush=True)
    photo = transform.apply(dataset.images[:1])
    times = [[_seconds(method, photo) for method in methods] for _ in range(REPEATS)]
    slower = median(second / first for first, second in times)
    print(f"\nOne photo takes {slower:.2f} times as long, median of {REPEATS} by turns, one thread.")


def _seconds(method: Prototypical, photo: Tensor) -> float:
    began = time.process_time()
    method.features(photo)
    return time.process_time() - began


if __name__ == "__main__":
    main()
