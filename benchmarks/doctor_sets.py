"""Support sets for `benchmarks.doctor`: with unequal shots, with wrong labels, with pictures to add and queries."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Generator, Tensor

from benchmarks.photo_classes import load_photos, split_classes
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import LabeledSet
from mlcore.data.images import find_transform
from mlcore.evaluation.episodes import compute_inputs, featurise
from mlcore.methods.base import FewShotMethod

N_QUERY = 20
"""Queries of a class at most; as many as there are where there are fewer."""


@dataclass(frozen=True)
class Part:
    """Classes that choose, or that report: features (n, d) of their pictures, and the rows of each class.

    groups: (n_classes,) int64, such as alphabets; support sets hold classes of one group.
    """

    kind: str
    name: str
    images: Tensor
    features: Tensor
    classes: list[Tensor]
    groups: Tensor

    def holds(self, n_way: int, n_pictures: int) -> bool:
        """Return whether some group has so many classes with more than so many pictures each."""
        large = torch.tensor([len(rows) > n_pictures for rows in self.classes])
        return bool((torch.bincount(self.groups[large], minlength=1) >= n_way).any())


def load_parts(
    kind: str, data_root: Path, onnx: Path, kept: Path | None, *, n_reporting: int
) -> tuple[FewShotMethod, Part, Part]:
    """Return the checkpoint that ships for a kind, and its view of the classes that choose and that report."""
    method = load_checkpoint(find_checkpoint(kind), onnx_folder=onnx)
    if kind == "photos":
        photos = load_photos(data_root)
        choosing, reporting = split_classes(photos.n_classes, n_reporting=n_reporting)
        features = _features(method, photos, kept)
        parts = [_part(kind, photos, features, classes) for classes in (choosing, reporting)]
    else:
        splits = [load_dataset("omniglot", root=data_root, split=name) for name in ("background_val", "evaluation")]
        parts = [_part(kind, split, _features(method, split, kept), list(range(split.n_classes))) for split in splits]
    return method, *parts


def features_of(method: FewShotMethod, kind: str, images: Tensor) -> Tensor:
    """Look at pictures as the kind does: (n, C, H, W) uint8 -> (n, d)."""
    return featurise(method, compute_inputs(method, images, find_transform(kind)))


def _features(method: FewShotMethod, dataset: PictureDataset, kept: Path | None) -> Tensor:
    card = method.card
    known = f"{card and card.digest} {card and card.config} {dataset.fingerprint}"
    file = kept and kept / f"{hashlib.sha256(known.encode()).hexdigest()[:16]}.pt"
    if file and file.is_file():
        features: Tensor = torch.load(file, weights_only=True)
        return features
    features = features_of(method, card.kind if card else "", dataset.images)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(features, file)
    return features


def _part(kind: str, dataset: PictureDataset, features: Tensor, classes: list[int]) -> Part:
    rows = [(dataset.labels == label).nonzero()[:, 0] for label in classes]
    groups = torch.zeros(len(classes), dtype=torch.int64) if dataset.groups is None else dataset.groups[classes]
    return Part(kind, f"{dataset.name} ({dataset.split})", dataset.images, features, rows, groups)


@dataclass(frozen=True)
class Drawn:
    """A support set, pictures to add to each class (n_way, n_more, d), and queries of each (n_way, n_query, d).

    rows: (n,) int64 of the support set, as of the part.
    """

    support: LabeledSet
    more: Tensor
    query: Tensor
    rows: Tensor

    def accuracy(self, method: FewShotMethod, support: LabeledSet) -> float:
        """Return the share of queries that a classifier of a support set names rightly."""
        answers = method.adapt_features(support).logits_of(self.query.flatten(0, 1)).argmax(1)
        labels = torch.arange(len(self.query)).repeat_interleave(self.query.shape[1])
        return (answers == labels).double().mean().item()

    def gains(self, method: FewShotMethod, *, n_more: int) -> Tensor:
        """Return what n_more pictures in one class alone add to the accuracy, (n_way,): the mean over all there are."""
        before = self.accuracy(method, self.support)
        added = [
            [self.accuracy(method, self._with(label, extra)) - before for extra in more.split(n_more)]
            for label, more in enumerate(self.more)
        ]
        return torch.tensor(added, dtype=torch.float64).mean(1)

    def _with(self, label: int, extra: Tensor) -> LabeledSet:
        labels = torch.full((len(extra),), label)
        return LabeledSet(torch.cat([self.support.images, extra]), torch.cat([self.support.labels, labels]))


@dataclass
class SupportSets:
    """Draws support sets of classes of one group, each with `fewest` to `maximum` pictures, for a seed."""

    part: Part
    n_way: int
    fewest: int
    maximum: int
    seed: int
    n_more: int = 0
    _generator: Generator = field(init=False)

    def __post_init__(self) -> None:
        self._generator = Generator().manual_seed(self.seed)

    def draw(self, n_sets: int) -> Iterator[Drawn]:
        """Yield the next support sets."""
        for _ in range(n_sets):
            yield self._draw()

    def with_wrong_label(self, support: LabeledSet) -> tuple[int, LabeledSet]:
        """Return a support set with one picture, whose place comes first, in another class.

        No class is left empty, as what nobody gave a picture is no class.
        """
        places = (support.shots[support.labels] > 1).nonzero()[:, 0]
        place = int(places[self._below(len(places))])
        labels = support.labels.clone()
        labels[place] = (labels[place] + 1 + self._below(support.n_way - 1)) % support.n_way
        return place, LabeledSet(support.images, labels)

    def _draw(self) -> Drawn:
        needed = self.maximum + self.n_more
        large = torch.tensor([len(rows) > needed for rows in self.part.classes]).nonzero()[:, 0]
        sizes = torch.bincount(self.part.groups[large])
        large = large[sizes[self.part.groups[large]] >= self.n_way]
        group = self.part.groups[large[self._below(len(large))]]
        mates = large[self.part.groups[large] == group]
        classes = mates[torch.randperm(len(mates), generator=self._generator)[: self.n_way]]
        shots = torch.randint(self.fewest, self.maximum + 1, (self.n_way,), generator=self._generator).tolist()
        shuffled = [self._shuffled(self.part.classes[label]) for label in classes.tolist()]
        n_query = min(N_QUERY, *(len(rows) - needed for rows in shuffled))
        support = torch.cat([rows[:k] for rows, k in zip(shuffled, shots, strict=True)])
        more = torch.stack([rows[self.maximum : needed] for rows in shuffled])
        query = torch.stack([rows[needed : needed + n_query] for rows in shuffled])
        labels = torch.arange(self.n_way).repeat_interleave(torch.tensor(shots))
        features = self.part.features
        return Drawn(LabeledSet(features[support], labels), features[more], features[query], support)

    def _shuffled(self, rows: Tensor) -> Tensor:
        return rows[torch.randperm(len(rows), generator=self._generator)]

    def _below(self, end: int) -> int:
        return int(torch.randint(end, (1,), generator=self._generator))
