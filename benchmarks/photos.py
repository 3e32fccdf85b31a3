"""Compare ways of embedding and classifying photos with the plain one, side by side in the same episodes.

Plain is the nearest prototype (squared Euclidean) among pooled 1280-number embeddings, of length 1, of the whole
picture at 224 px. Rows are ways; each cell is the accuracy in per cent and, in brackets, its paired difference to plain
with the half-width of that difference's 95 % interval. There is a table for 15 classes, one for the 20 others, and one
for all 35; `docs/photos.md` says what was looked at when choosing.

    python -m benchmarks.photos --data-root ../shared/data/grocery_store
"""

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.photo_classes import N_REPORTING, load_photos, split_classes
from benchmarks.photo_looks import EDGES, LAYERS, Looks, look_at
from benchmarks.photo_timing import time_a_query
from mlcore.config import EpisodeConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeIndex, EpisodeSampler

SETTINGS = ((5, 1), (5, 5), (20, 5))  # n_way, k_shot
Head = Callable[[Tensor, EpisodeIndex], Tensor]


def main(arguments: Sequence[str] | None = None) -> None:
    """Look at every photo, then print a table for each choice of classes, and the time of a query."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds photos_160.zip")
    parser.add_argument("--onnx", type=Path, default=Path("data/onnx"), help="folder of the backbone's ONNX export")
    parser.add_argument(
        "--backbone", choices=("efficientnet_lite0", "efficientnet_lite2"), default="efficientnet_lite2"
    )
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--queries", type=int, default=10, help="of a class, in an episode")
    parser.add_argument("--reporting", type=int, default=N_REPORTING, help="classes of the first table")
    parser.add_argument("--repeats", type=int, default=60, help="of a query that is timed")
    options = parser.parse_args(arguments)
    dataset = load_photos(options.data_root)
    ways = ways_of(look_at(dataset.images, options.backbone))
    others, reporting = split_classes(dataset.n_classes, n_reporting=options.reporting)
    everything = list(range(dataset.n_classes))
    for title, classes in (
        (f"{len(reporting)} classes", reporting),
        (f"The {len(others)} other classes", others),
        (f"All {dataset.n_classes} classes", everything),
    ):
        print_table(title, dataset, classes, ways, n_query=options.queries, n_episodes=options.episodes)
    time_a_query(dataset, options.onnx, repeats=options.repeats)


def ways_of(looks: Looks) -> dict[str, tuple[Tensor, Head]]:
    """Name the ways: embeddings of all photos, and the head that classifies with them."""
    whole, middle = looks["whole"], looks["middle 192"]
    plain = unit(whole.last)
    two = unit(plain + unit(middle.last))
    shipped = join(two, unit(torch.cat([whole.spreads[0], middle.spreads[0]], 1)), 0.5)
    corners = sum((unit(looks[f"corner {edge}"].last) for edge in EDGES), torch.zeros_like(plain))
    ways = {
        "plain": (plain, nearest),
        "not normalised": (whole.last, nearest),
        "power transform (square root)": (unit(whole.last.sqrt()), nearest),
        "centred on the support's mean": (plain, nearest_centred),
        "whole + its mirror image": (unit(plain + unit(looks["mirrored"].last)), nearest),
        "whole + 4 corner crops (5 looks)": (unit(plain + corners), nearest),
        "whole at 288 px": (unit(looks["whole at 288"].last), nearest),
        "middle 224 of 448 alone": (unit(looks["middle 224"].last), nearest),
        "generalised mean pooling (cube)": (unit(whole.cubic), nearest),
    }
    for layer, name in LAYERS.items():
        ways[f"+ 0.5 x mean of {name}"] = (join(plain, unit(whole.means[layer]), 0.5), nearest)
        ways[f"+ 0.5 x spread of {name}"] = (join(plain, unit(whole.spreads[layer]), 0.5), nearest)
    for side in (160, 192, 224):
        ways[f"whole + middle {side} of 448"] = (unit(plain + unit(looks[f"middle {side}"].last)), nearest)
    for weight in (0.25, 0.5, 1.0):
        texture = unit(torch.cat([whole.spreads[0], middle.spreads[0]], 1))
        ways[f"two looks + {weight} x first layer's spread"] = (join(two, texture, weight), nearest)
    ways["plain, shrunk covariance 0.001"] = (plain, shrunk(0.001))
    ways["two looks, shrunk covariance 0.001"] = (two, shrunk(0.001))
    for share in (0.03, 0.01, 0.003, 0.001, 0.0003):
        ways[f"all three, shrunk covariance {share}"] = (shipped, shrunk(share))
    ways["all three, ridge regression 0.1"] = (shipped, ridge(0.1))
    return ways


def unit(vectors: Tensor) -> Tensor:
    """Scale each row to length 1."""
    return functional.normalize(vectors, dim=1)


def join(first: Tensor, second: Tensor, weight: float) -> Tensor:
    """Put two embeddings side by side, the second's similarity counting `weight` times."""
    return torch.cat([first, weight**0.5 * second], 1)


def nearest(gram: Tensor, index: EpisodeIndex) -> Tensor:
    """Score by nearest prototype: (episodes, queries, n_way)."""
    own, cross, mean = _blocks(gram, index)
    return _by_distance(mean.T @ own @ mean, cross @ mean)


def nearest_centred(gram: Tensor, index: EpisodeIndex) -> Tensor:
    """Score by nearest prototype after taking the support's mean off and scaling to length 1 again."""
    own, cross, mean = _blocks(gram, index)
    offset = own.mean((1, 2), keepdim=True)
    squares = gram.diagonal()[index.query].unsqueeze(-1) - 2 * cross.mean(2, keepdim=True) + offset
    cross = cross - cross.mean(2, keepdim=True) - own.mean(1, keepdim=True) + offset
    own = own - own.mean(2, keepdim=True) - own.mean(1, keepdim=True) + offset
    lengths = own.diagonal(dim1=1, dim2=2).clamp(min=1e-12).sqrt()
    own = own / lengths.unsqueeze(1) / lengths.unsqueeze(2)
    cross = cross / lengths.unsqueeze(1) / squares.clamp(min=1e-12).sqrt()
    return _by_distance(mean.T @ own @ mean, cross @ mean)


def shrunk(share: float) -> Head:
    """Score as `mlcore.methods.metrics.shrunk` does, from products of embeddings alone."""

    def head(gram: Tensor, index: EpisodeIndex) -> Tensor:
        own, cross, mean = _blocks(gram, index)
        n = len(mean)
        centring = torch.eye(n, dtype=gram.dtype) - mean @ (mean > 0).to(gram).T
        ridge_term = share / (1 - share) * n * torch.eye(n, dtype=gram.dtype)
        inner = centring @ own @ centring + ridge_term
        removed = centring @ torch.linalg.solve(inner, centring @ own @ mean)
        return _by_distance(mean.T @ (own @ mean - own @ removed), cross @ mean - cross @ removed)

    return head


def ridge(strength: float) -> Head:
    """Score by ridge regression on one-hot labels (Bertinetto et al., ICLR 2019)."""

    def head(gram: Tensor, index: EpisodeIndex) -> Tensor:
        own, cross, mean = _blocks(gram, index)
        offset = own.mean((1, 2), keepdim=True)
        cross = cross - cross.mean(2, keepdim=True) - own.mean(1, keepdim=True) + offset
        own = own - own.mean(2, keepdim=True) - own.mean(1, keepdim=True) + offset
        targets = (mean > 0).to(gram) - 1 / index.n_way
        return cross @ torch.linalg.solve(own + strength * torch.eye(len(mean), dtype=gram.dtype), targets)

    return head


def _blocks(gram: Tensor, index: EpisodeIndex) -> tuple[Tensor, Tensor, Tensor]:
    """Return the products support x support and query x support of episodes, and the matrix that averages by class."""
    support = index.support
    own = gram[support.unsqueeze(2), support.unsqueeze(1)]
    cross = gram[index.query.unsqueeze(2), support.unsqueeze(1)]
    k_shot = support.shape[1] // index.n_way
    mean = torch.eye(index.n_way, dtype=gram.dtype).repeat_interleave(k_shot, 0) / k_shot
    return own, cross, mean


def _by_distance(prototypes: Tensor, cross: Tensor) -> Tensor:
    """Return minus squared distances less what classes share: (e, n_way, n_way), (e, q, n_way) -> (e, q, n_way)."""
    return 2 * cross - prototypes.diagonal(dim1=1, dim2=2).unsqueeze(1)


def print_table(
    title: str,
    dataset: PictureDataset,
    classes: list[int],
    ways: dict[str, tuple[Tensor, Head]],
    *,
    n_query: int,
    n_episodes: int,
) -> None:
    """Print accuracy and paired difference of every way over the same episodes of these classes."""
    rows = torch.cat([(dataset.labels == label).nonzero()[:, 0] for label in classes])
    part = dataset.subset(classes)
    settings = [(min(n_way, len(classes)), k_shot) for n_way, k_shot in SETTINGS]
    print(f"\n{title}\n\n| way | " + " | ".join(f"{n}-way {k}-shot" for n, k in settings) + " |")
    print("|---" * (len(settings) + 1) + "|")
    plain: dict[tuple[int, int], Tensor] = {}
    for name, (embeddings, head) in ways.items():
        gram = (embeddings[rows].double() @ embeddings[rows].double().T).float()
        cells = []
        for n_way, k_shot in settings:
            sampler = EpisodeSampler(part, EpisodeConfig(n_way=n_way, k_shot=k_shot, n_query=n_query), seed=0)
            accuracies = accuracy(gram, sampler, head, n_episodes=n_episodes)
            cells.append(_cell(accuracies, accuracies - plain.setdefault((n_way, k_shot), accuracies)))
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def accuracy(gram: Tensor, sampler: EpisodeSampler, head: Head, *, n_episodes: int, batch: int = 50) -> Tensor:
    """Return each episode's share of right answers, (n_episodes,)."""
    accuracies = []
    for start in range(0, n_episodes, batch):
        index = sampler.draw(min(batch, n_episodes - start))
        labels = torch.arange(index.n_way).repeat_interleave(index.query.shape[1] // index.n_way)
        accuracies.append((head(gram, index).argmax(2) == labels).double().mean(1))
    return torch.cat(accuracies)


def _cell(accuracies: Tensor, difference: Tensor) -> str:
    if not difference.any():
        return f"{100 * accuracies.mean():.2f}"
    half_width = 1.96 * difference.std() / math.sqrt(len(difference))
    return f"{100 * accuracies.mean():.2f} ({100 * difference.mean():+.2f} ± {100 * half_width:.2f})"


if __name__ == "__main__":
    main()
