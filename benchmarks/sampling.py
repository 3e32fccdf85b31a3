"""How long an episode takes to draw: mlcore's sampler beside easyfsl's TaskSampler, in one run.

    python -m benchmarks.sampling [--data-root FOLDER_OF_OMNIGLOT]

Both give float32 support and query tensors of the same pictures; without a folder the pictures are drawn by program.
easyfsl reads PNG files that are stored at the very size asked for, so that no time goes into resizing. Contenders take
turns, several rounds, and each one's fastest round counts: what else the machine did then disturbed it least.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Sampler

from mlcore.config import EpisodeConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.torchvision_ops import torchvision_module

transforms = torchvision_module("torchvision.transforms")

from easyfsl.datasets import EasySet, FewShotDataset  # noqa: E402 - it imports torchvision, which is ready only now
from easyfsl.samplers import TaskSampler  # noqa: E402

SIDE = 28


def _accept_data_source(self: Sampler[int], data_source: object = None) -> None:
    """Stand in for the constructor that easyfsl 1.5 calls and that PyTorch 2.13 no longer has."""


Sampler.__init__ = _accept_data_source  # type: ignore[method-assign]


@dataclass(frozen=True)
class Contender:
    """A way to draw episodes; `draw` yields a (support, query) pair of stacks of `per_draw` episodes for ever."""

    name: str
    draw: Callable[[], Iterator[tuple[Tensor, Tensor]]]
    per_draw: int = 1

    def milliseconds(self, n_episodes: int) -> float:
        """Time an episode, on average over so many, after a first draw that warms up."""
        with closing(self.draw()) as episodes:  # type: ignore[type-var]
            next(episodes)
            start = time.perf_counter()
            for _ in range(-(-n_episodes // self.per_draw)):
                next(episodes)
            return 1000 * (time.perf_counter() - start) / (-(-n_episodes // self.per_draw) * self.per_draw)


class InMemory(FewShotDataset):  # type: ignore[misc]
    """Pictures (n, C, H, W) uint8 as easyfsl wants to be given them."""

    def __init__(self, dataset: PictureDataset) -> None:
        self._images, self._labels = dataset.images, dataset.labels.tolist()

    def __getitem__(self, item: int) -> tuple[Tensor, int]:
        return self._images[item].float() / 255, self._labels[item]

    def __len__(self) -> int:
        return len(self._labels)

    def get_labels(self) -> list[int]:
        return self._labels


def small(dataset: PictureDataset) -> PictureDataset:
    """Shrink the pictures to SIDE pixels."""
    shrunk = functional.interpolate(dataset.images.float(), size=SIDE, mode="area").round().to(torch.uint8)
    return PictureDataset(
        name=dataset.name,
        split=dataset.split,
        images=shrunk,
        labels=dataset.labels,
        class_names=dataset.class_names,
    )


@contextmanager
def png_files(dataset: PictureDataset) -> Iterator[EasySet]:
    """Write every picture to a PNG file in a temporary folder, and read them with easyfsl's EasySet."""
    with tempfile.TemporaryDirectory() as folder:
        roots = [Path(folder) / f"{label:04d}" for label in range(dataset.n_classes)]
        for label, root in enumerate(roots):
            root.mkdir()
            for number, image in enumerate(dataset.images_of(label)):
                Image.fromarray(image[0].numpy()).save(root / f"{number:02d}.png")
        specs = Path(folder) / "specs.json"
        specs.write_text(json.dumps({"class_names": dataset.class_names, "class_roots": [str(root) for root in roots]}))
        yield EasySet(specs, transform=transforms.Compose([transforms.Grayscale(), transforms.ToTensor()]))


def easyfsl(name: str, dataset: FewShotDataset, config: EpisodeConfig, *, workers: int = 0) -> Contender:
    """Draw with easyfsl's TaskSampler and PyTorch's DataLoader."""

    def draw() -> Iterator[tuple[Tensor, Tensor]]:
        sampler = TaskSampler(dataset, config.n_way, config.k_shot, config.n_query, n_tasks=1_000_000)
        collate = sampler.episodic_collate_fn
        for support, _, query, *_ in DataLoader(
            dataset, batch_sampler=sampler, num_workers=workers, collate_fn=collate
        ):
            yield support, query

    return Contender(f"easyfsl TaskSampler + DataLoader, {name}", draw)


def mlcore(dataset: PictureDataset, config: EpisodeConfig, *, per_draw: int) -> Contender:
    """Draw with mlcore's EpisodeSampler."""

    def draw() -> Iterator[tuple[Tensor, Tensor]]:
        sampler = EpisodeSampler(dataset, config, seed=0)
        while True:
            batch = sampler.draw(per_draw).gather(dataset.images)
            yield batch.support.float() / 255, batch.query.float() / 255

    return Contender(f"mlcore EpisodeSampler, {per_draw} at a time", draw, per_draw)


def measure(contenders: list[Contender], *, rounds: int, n_episodes: int) -> list[float]:
    """Let contenders take turns; return each one's milliseconds an episode in its fastest round."""
    times = [[contender.milliseconds(n_episodes) for contender in contenders] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, help="folder of Omniglot; without it strokes are drawn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--episodes", type=int, default=10, help="episodes a round")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of torch")
    parser.add_argument("--n-way", type=int, default=60, help="classes of an episode")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    config = EpisodeConfig(n_way=options.n_way, k_shot=5, n_query=5)
    name, split = ("omniglot", "background_val") if options.data_root else ("strokes", "val")
    dataset = small(load_dataset(name, root=options.data_root, split=split))
    with png_files(dataset) as files:
        contenders = [
            easyfsl("PNG files", files, config),
            easyfsl("PNG files, 2 workers", files, config, workers=2),
            easyfsl("in memory", InMemory(dataset), config),
            mlcore(dataset, config, per_draw=1),
            mlcore(dataset, config, per_draw=16),
        ]
        load = os.getloadavg()[0]
        times = measure(contenders, rounds=options.rounds, n_episodes=options.episodes)
    shape = f"{config.n_way}-way {config.k_shot}-shot {config.n_query}-query"
    print(
        f"One {shape} episode of {len(dataset)} pictures ({name} {split}, {SIDE} px), best of {options.rounds} rounds"
    )
    cores = f"{os.cpu_count()} cores, load {load:.1f} before"
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}, {cores}\n")
    print(f"| {'how':<58} | ms an episode | times as fast |\n|{'-' * 60}|{'-' * 14}:|{'-' * 14}:|")
    for contender, milliseconds in zip(contenders, times, strict=True):
        print(f"| {contender.name:<58} | {milliseconds:>13.2f} | {times[0] / milliseconds:>13.1f} |")


if __name__ == "__main__":
    main()
