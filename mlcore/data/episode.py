"""Few-shot problems: labelled pictures, episodes, and a sampler that draws batches of them by one vectorised index."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor

from mlcore.config import EpisodeConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.errors import DatasetError, SupportSetError


@dataclass(frozen=True)
class LabeledSet:
    """Pictures (or their features) with labels: images (n, ...) float32, labels (n,) int64 that cover 0..n_way-1.

    Classes may have different numbers of pictures. Raise SupportSetError for anything else.
    """

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        if self.labels.ndim != 1 or self.labels.dtype != torch.int64:
            raise SupportSetError(
                f"labels must be one int64 a picture, not {self.labels.dtype} {tuple(self.labels.shape)}"
            )
        if len(self.images) != len(self.labels):
            raise SupportSetError(f"{len(self.images)} pictures have {len(self.labels)} labels")
        if not len(self.labels):
            raise SupportSetError("there are no pictures")
        if not self.images.is_floating_point():
            raise SupportSetError(f"images must be float, not {self.images.dtype}")
        present = sorted(set(self.labels.tolist()))
        if present != list(range(len(present))):
            raise SupportSetError(f"labels must cover 0..n_way-1, but they are {present}")

    @property
    def n_way(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def shots(self) -> Tensor:
        """Count the pictures of each class, (n_way,) int64."""
        return torch.bincount(self.labels)


@dataclass(frozen=True)
class Episode:
    """One few-shot problem."""

    support: LabeledSet
    query: LabeledSet


@dataclass(frozen=True)
class EpisodeBatch:
    """Episodes of equal shape, their pictures class by class.

    support: (episodes, n_way*k_shot, ...); query: (episodes, n_way*n_query, ...). classes: (episodes, n_way) int64 or
    None; which of all classes, turned ones being classes of their own, the labels stand for.
    """

    support: Tensor
    query: Tensor
    n_way: int
    classes: Tensor | None = None

    def __len__(self) -> int:
        return len(self.support)

    @property
    def support_labels(self) -> Tensor:
        """Return the labels of each episode's support, (n_way*k_shot,) int64."""
        return self._labels(self.support)

    @property
    def query_labels(self) -> Tensor:
        """Return the labels of each episode's query, (n_way*n_query,) int64."""
        return self._labels(self.query)

    def _labels(self, part: Tensor) -> Tensor:
        return torch.arange(self.n_way, device=part.device).repeat_interleave(part.shape[1] // self.n_way)

    def episodes(self) -> Iterator[Episode]:
        """Yield the episodes one by one."""
        for support, query in zip(self.support, self.query, strict=True):
            yield Episode(LabeledSet(support, self.support_labels), LabeledSet(query, self.query_labels))


BY_EPISODE = ("support", "query", "support_turns", "query_turns", "classes")
"""The fields of an `EpisodeIndex` that have a row an episode."""
BLOCK = 20
"""How many episodes of an evaluation are drawn at once."""


@dataclass(frozen=True)
class EpisodeIndex:
    """Which pictures make up a batch of episodes: rows of the data set, and quarter turns of each.

    support, support_turns: (episodes, n_way*k_shot) int64; query, query_turns: (episodes, n_way*n_query) int64.
    classes: (episodes, n_way) int64, the number of each class among all, turned ones being classes of their own.
    n_pictures: how many the data set has; n_rotations: in how many turns each of them may come.
    """

    support: Tensor
    query: Tensor
    support_turns: Tensor
    query_turns: Tensor
    classes: Tensor
    n_way: int
    n_pictures: int
    n_rotations: int = 1

    def share(self, which: slice) -> "EpisodeIndex":
        """Keep some of the episodes."""
        kept: dict[str, Any] = {name: getattr(self, name)[which] for name in BY_EPISODE}
        return replace(self, **kept)

    @staticmethod
    def joined(parts: Sequence["EpisodeIndex"]) -> "EpisodeIndex":
        """Put the episodes of several batches of one sampler behind each other."""
        rows: dict[str, Any] = {name: torch.cat([getattr(part, name) for part in parts]) for name in BY_EPISODE}
        return replace(parts[0], **rows)

    def gather(self, features: Tensor) -> EpisodeBatch:
        """Pick the rows of features that were computed beforehand: (n_rotations * n_pictures, ...), turn by turn.

        Raise DatasetError for features of other pictures, as of ones that were not turned.
        """
        if len(features) != self.n_rotations * self.n_pictures:
            raise DatasetError(
                f"There are features of {len(features)} pictures, but the episodes draw from {self.n_pictures}, each "
                f"in {self.n_rotations} turns; compute them with n_rotations={self.n_rotations}."
            )
        support = features[self.support + self.n_pictures * self.support_turns]
        query = features[self.query + self.n_pictures * self.query_turns]
        return EpisodeBatch(support=support, query=query, n_way=self.n_way, classes=self.classes)


class EpisodeSampler:
    """Draw batches of episodes from a data set, reproducibly for a seed.

    Classes with fewer than k_shot + n_query pictures are left out; so are, with `within_group`, groups with fewer than
    n_way such classes. With `one_author` so are groups that no two people drew all classes of, and n_query is cut to
    what one person drew of a class. `notes` says all this in words. Raise DatasetError if too little is left.
    """

    def __init__(self, dataset: PictureDataset, config: EpisodeConfig, *, seed: int) -> None:
        self.config = config
        self.n_query = config.n_query
        self.notes: list[str] = []
        self.generator = Generator().manual_seed(seed)
        self._dataset = dataset
        self._counts = torch.bincount(dataset.labels, minlength=dataset.n_classes)
        self._first_row = self._counts.cumsum(0) - self._counts
        self._rows = dataset.labels.argsort(stable=True)
        self._groups = torch.zeros(dataset.n_classes, dtype=torch.int64) if dataset.groups is None else dataset.groups
        if config.one_author:
            self._count_by_author()
        self._eligible = self._eligible_classes()

    def _eligible_classes(self) -> Tensor:
        config, dataset = self.config, self._dataset
        needed = config.k_shot + self.n_query
        eligible = (self._counts >= needed).nonzero()[:, 0]
        if len(eligible) < dataset.n_classes:
            few = dataset.n_classes - len(eligible)
            self.notes.append(f"{few} classes with fewer than {needed} pictures were left out")
        if config.within_group:
            eligible = self._in_large_groups(eligible)
        if config.one_author:
            eligible = self._by_two_authors(eligible)
        if len(eligible) * config.n_rotations < config.n_way:
            source = f"{dataset.name} ({dataset.split})"
            left = f"{len(eligible)} classes to draw from ({'; '.join(self.notes) or 'all there are'})"
            raise DatasetError(f"n_way is {config.n_way}, but {source} has {left}; ask for fewer ways or shots.")
        return eligible

    def _in_large_groups(self, classes: Tensor) -> Tensor:
        if self._dataset.groups is None:
            raise DatasetError(f"within_group needs a data set with groups, which {self._dataset.name} has not.")
        sizes = torch.bincount(self._groups[classes], minlength=int(self._groups.max()) + 1)
        self._note_groups(f"with fewer than {self.config.n_way} classes", (sizes > 0) & (sizes < self.config.n_way))
        return classes[sizes[self._groups[classes]] >= self.config.n_way]

    def _by_two_authors(self, classes: Tensor) -> Tensor:
        """Keep the classes of groups that two people or more drew all classes of; remember who they are."""
        groups = self._groups[classes]
        lacking = torch.zeros(int(self._groups.max()) + 1, self._drawn.shape[1], dtype=torch.int64)
        lacking.index_add_(0, groups, (self._drawn[classes] == 0).long())
        self._can_draw = lacking == 0
        too_few = self._can_draw.sum(1) < 2
        present = groups.bincount(minlength=len(lacking)) > 0
        self._note_groups("without two authors of all their classes", too_few & present)
        return classes[~too_few[groups]]

    def _note_groups(self, which: str, left_out: Tensor) -> None:
        if numbers := left_out.nonzero()[:, 0].tolist():
            listed = ", ".join(map(self._dataset.group_name, numbers))
            self.notes.append(f"groups {which} were left out: {listed}")

    def _count_by_author(self) -> None:
        """Count what each person drew of each class, (n_classes, n_authors), and cut n_query to the least of it."""
        dataset = self._dataset
        if dataset.authors is None or dataset.groups is None:
            raise DatasetError(f"one_author needs a data set with groups and authors, which {dataset.name} has not.")
        if not self.config.within_group:
            raise DatasetError("one_author needs within_group: an author's pictures lie in one group.")
        n_authors = int(dataset.authors.max()) + 1
        self._authors = dataset.authors[self._rows]
        cells = torch.bincount(dataset.labels * n_authors + dataset.authors, minlength=dataset.n_classes * n_authors)
        self._drawn = cells.reshape(dataset.n_classes, n_authors)
        fewest = int(self._drawn[self._drawn > 0].min())
        if self.config.k_shot > fewest:
            raise DatasetError(f"k_shot is {self.config.k_shot}, but an author drew a class only {fewest} times.")
        if self.n_query > fewest:
            self.n_query = fewest
            self.notes.append(f"n_query was cut to {fewest}, the pictures that one author drew of a class")

    def draw(self, n_episodes: int) -> EpisodeIndex:
        """Draw the next episodes, all at once."""
        classes, turns = self._draw_classes(n_episodes)
        support, query = self._draw_by_author(classes) if self.config.one_author else self._draw_pictures(classes)
        return EpisodeIndex(
            support=support.flatten(1),
            query=query.flatten(1),
            support_turns=turns.repeat_interleave(support.shape[-1], 1),
            query_turns=turns.repeat_interleave(query.shape[-1], 1),
            classes=classes + turns * self._dataset.n_classes,
            n_way=self.config.n_way,
            n_pictures=len(self._dataset),
            n_rotations=self.config.n_rotations,
        )

    def batches(self, n_episodes: int, *, size: int) -> Iterator[EpisodeIndex]:
        """Yield the next episodes, `size` at a time. The k-th of a seed is the same whatever the size and their number.

        Raise DatasetError for less than one episode.
        """
        if n_episodes < 1:
            raise DatasetError(f"{n_episodes} episodes are none to draw; ask for one or more.")
        drawn = EpisodeIndex.joined([self.draw(BLOCK) for _ in range(0, n_episodes, BLOCK)])
        for start in range(0, n_episodes, size):
            yield drawn.share(slice(start, min(start + size, n_episodes)))

    def _draw_classes(self, n_episodes: int) -> tuple[Tensor, Tensor]:
        """Draw classes and quarter turns, each (n_episodes, n_way)."""
        n, rotations = len(self._eligible), self.config.n_rotations
        keys = self._uniform(n_episodes, n * rotations)
        if self.config.within_group or self.config.grouped_share:
            keys = self._by_group(keys)
        chosen = keys.topk(self.config.n_way, dim=1, largest=False).indices
        return self._eligible[chosen % n], chosen // n

    def _by_group(self, keys: Tensor) -> Tensor:
        """Order classes group by group (a group turned is another group), in grouped episodes."""
        n = len(self._eligible)
        turned = torch.arange(keys.shape[1]) // n * (int(self._groups.max()) + 1)
        groups = self._groups[self._eligible].repeat(self.config.n_rotations) + turned
        group_keys = self._uniform(len(keys), int(groups.max()) + 1)
        if self.config.within_group:  # a larger group is drawn more often, as a class is
            anchor = torch.randint(keys.shape[1], (len(keys), 1), generator=self.generator)
            group_keys.scatter_(1, groups[anchor], -1.0)
        grouped = group_keys[:, groups] + keys * 1e-3
        hard = self._uniform(len(keys), 1) < (1.0 if self.config.within_group else self.config.grouped_share)
        return torch.where(hard, grouped, keys)

    def _draw_pictures(self, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Draw support and query rows, (episodes, n_way, k_shot) and (episodes, n_way, n_query), none twice."""
        k, counts = self.config.k_shot, self._counts[classes].unsqueeze(-1)
        keys = self._uniform(*classes.shape, int(self._counts.max()))
        keys = keys.masked_fill(torch.arange(keys.shape[-1]) >= counts, 2.0)
        within = keys.topk(k + self.n_query, dim=-1, largest=False).indices
        rows = self._rows[self._first_row[classes].unsqueeze(-1) + within]
        return rows[..., :k], rows[..., k:]

    def _draw_by_author(self, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Draw as `_draw_pictures` does, all support by one author of the episode's group, all queries by another."""
        candidates = self._can_draw[self._groups[classes[:, 0]]]
        keys = self._uniform(*candidates.shape).masked_fill(~candidates, 2.0)
        two = keys.topk(2, dim=1, largest=False).indices
        return (
            self._rows_by(classes, two[:, :1], self.config.k_shot),
            self._rows_by(classes, two[:, 1:], self.n_query),
        )

    def _rows_by(self, classes: Tensor, author: Tensor, count: int) -> Tensor:
        """Draw rows (episodes, n_way, count) of classes (episodes, n_way) by one author an episode, (episodes, 1)."""
        width = int(self._counts.max())
        within = torch.arange(width)
        places = (self._first_row[classes].unsqueeze(-1) + within).clamp(max=len(self._rows) - 1)
        matching = (self._authors[places] == author.unsqueeze(-1)) & (within < self._counts[classes].unsqueeze(-1))
        keys = self._uniform(*places.shape).masked_fill(~matching, 2.0)
        return self._rows[places.gather(-1, keys.topk(count, dim=-1, largest=False).indices)]

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator)
