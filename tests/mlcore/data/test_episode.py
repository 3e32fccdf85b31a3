"""Labelled sets refuse what cannot teach; the sampler draws what it promises, and again for the same seed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mlcore.config import EpisodeConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import EpisodeIndex, EpisodeSampler, LabeledSet
from mlcore.errors import DatasetError, SupportSetError

DRAWERS = 4


def numbered(counts: Sequence[int], groups: Sequence[int] | None = None) -> PictureDataset:
    """Make a data set of one-pixel pictures with this many pictures of each class."""
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    return PictureDataset(
        name="numbered",
        split="all",
        images=torch.zeros(len(labels), 1, 1, 1, dtype=torch.uint8),
        labels=labels,
        class_names=tuple(map(str, range(len(counts)))),
        groups=None if groups is None else torch.tensor(groups),
        group_names=() if groups is None else tuple("ABCDEFGH"[: max(groups) + 1]),
    )


def alphabets(sizes: Sequence[int], *, pictures_each: int = 1) -> PictureDataset:
    """Make alphabets of these sizes, each drawn by DRAWERS people of its own, who draw every character so often."""
    groups = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    plain = numbered([DRAWERS * pictures_each] * len(groups), groups.tolist())
    drawers = torch.arange(DRAWERS).repeat_interleave(pictures_each)
    return replace(plain, authors=(groups[:, None] * DRAWERS + drawers).flatten())


def draw(dataset: PictureDataset, n_episodes: int = 50, *, seed: int = 0, **config: Any) -> EpisodeIndex:
    return EpisodeSampler(dataset, EpisodeConfig(**config), seed=seed).draw(n_episodes)


def by_class(index: EpisodeIndex, part: Tensor) -> Tensor:
    """Fold (episodes, n_way * n) rows to (episodes, n_way, n)."""
    return part.unflatten(1, (index.n_way, -1))


@given(st.lists(st.integers(-2, 6), max_size=12))
def test_labels_are_taken_exactly_when_they_cover_every_class(labels: list[int]) -> None:
    images = torch.zeros(len(labels), 1, 2, 2)
    tensor = torch.tensor(labels, dtype=torch.int64)
    if labels and set(labels) == set(range(max(labels) + 1)):
        labeled = LabeledSet(images, tensor)
        assert labeled.n_way == len(set(labels))
        assert labeled.shots.tolist() == [labels.count(label) for label in range(labeled.n_way)]
    else:
        with pytest.raises(SupportSetError):
            LabeledSet(images, tensor)


@pytest.mark.parametrize(
    ("images", "labels", "problem"),
    [
        (torch.zeros(3, 1), torch.tensor([0, 2, 2]), r"cover 0\.\.n_way-1, but they are \[0, 2\]"),
        (torch.zeros(2, 1), torch.tensor([1, 1]), r"they are \[1\]"),
        (torch.zeros(3, 1), torch.tensor([0, 1]), "3 pictures have 2 labels"),
        (torch.zeros(2, 1), torch.tensor([0, 1], dtype=torch.int32), "int64"),
        (torch.zeros(2, 1), torch.tensor([[0], [1]]), "one int64 a picture"),
        (torch.zeros(2, 1, dtype=torch.uint8), torch.tensor([0, 1]), "float"),
        (torch.zeros(0, 1), torch.tensor([], dtype=torch.int64), "no pictures"),
    ],
)
def test_a_refused_set_says_what_is_wrong(images: Tensor, labels: Tensor, problem: str) -> None:
    with pytest.raises(SupportSetError, match=problem):
        LabeledSet(images, labels)


def test_a_seed_draws_the_same_episodes_again_and_another_draws_others() -> None:
    dataset = numbered([10] * 20)
    first, again, other = (draw(dataset, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.support, again.support)
    assert torch.equal(first.query, again.query)
    assert not torch.equal(first.support, other.support)


def test_a_sampler_goes_on_to_new_episodes() -> None:
    sampler = EpisodeSampler(numbered([10] * 20), EpisodeConfig(), seed=0)
    assert not torch.equal(sampler.draw(5).support, sampler.draw(5).support)


def test_rows_lie_class_by_class_and_none_comes_twice() -> None:
    counts = [7, 12, 9, 30, 8, 7]
    dataset = numbered(counts)
    index = draw(dataset, 200, n_way=4, k_shot=2, n_query=5)
    assert (index.support.shape, index.query.shape) == ((200, 8), (200, 20))
    rows = torch.cat([by_class(index, index.support), by_class(index, index.query)], dim=2)
    classes = dataset.labels[rows]
    assert (classes == classes[..., :1]).all()
    for episode, drawn in zip(classes[..., 0].tolist(), rows.flatten(1).tolist(), strict=True):
        assert len(set(episode)) == 4
        assert len(set(drawn)) == 28


def test_every_class_and_every_picture_comes_up_about_equally_often() -> None:
    dataset = numbered([10, 20, 10, 20])
    index = draw(dataset, 4000, n_way=2, k_shot=1, n_query=1)
    rows = torch.bincount(index.support.flatten(), minlength=60)
    per_class = torch.bincount(dataset.labels[index.support.flatten()])
    assert (per_class / 8000).tolist() == pytest.approx([0.25] * 4, abs=0.02)
    assert (rows[:10] / 200).tolist() == pytest.approx([1] * 10, abs=0.3)
    assert (rows[10:30] / 100).tolist() == pytest.approx([1] * 20, abs=0.4)


def test_rows_are_found_even_if_classes_do_not_lie_together() -> None:
    mixed = replace(numbered([8] * 4), labels=torch.arange(32) % 4)
    index = draw(mixed, n_way=3, k_shot=2, n_query=2)
    classes = mixed.labels[by_class(index, index.support)]
    assert (classes == classes[..., :1]).all()


def test_classes_too_small_are_left_out_and_said() -> None:
    dataset = numbered([5, 6, 5, 6, 6])
    sampler = EpisodeSampler(dataset, EpisodeConfig(n_way=3, k_shot=1, n_query=5), seed=0)
    assert sampler.notes == ["2 classes with fewer than 6 pictures were left out"]
    assert set(dataset.labels[sampler.draw(50).support.flatten()].tolist()) == {1, 3, 4}


def test_too_few_classes_are_an_error_that_says_what_is_left() -> None:
    with pytest.raises(
        DatasetError, match=r"n_way is 5, but numbered \(all\) has 3 classes .*2 classes with fewer than"
    ):
        draw(numbered([5, 6, 5, 6, 6]), n_way=5)


def test_quarter_turns_are_classes_of_their_own() -> None:
    dataset = numbered([6] * 3)
    index = draw(dataset, 300, n_way=12, k_shot=1, n_query=2, n_rotations=4)
    turned = dataset.labels[index.support] * 4 + index.support_turns
    assert (turned.sort(dim=1).values == torch.arange(12)).all()
    assert torch.equal(index.query_turns, index.support_turns.repeat_interleave(2, 1))


def test_without_rotations_nothing_is_turned() -> None:
    index = draw(numbered([10] * 8))
    assert index.support_turns.sum() == index.query_turns.sum() == 0


def test_within_a_group_all_classes_come_from_one_group() -> None:
    dataset = alphabets([6, 3, 5], pictures_each=3)
    sampler = EpisodeSampler(dataset, EpisodeConfig(n_way=5, within_group=True), seed=0)
    assert sampler.notes == ["groups with fewer than 5 classes were left out: B"]
    index = sampler.draw(200)
    assert dataset.groups is not None
    groups = dataset.groups[dataset.labels[index.support]]
    assert (groups == groups[:, :1]).all()
    assert set(groups[:, 0].tolist()) == {0, 2}


def test_turned_groups_are_groups_of_their_own() -> None:
    dataset = alphabets([5, 5], pictures_each=3)
    index = draw(dataset, n_way=5, within_group=True, n_rotations=4)
    assert (index.support_turns == index.support_turns[:, :1]).all()
    assert set(index.support_turns[:, 0].tolist()) == {0, 1, 2, 3}


def test_a_share_of_episodes_is_grouped() -> None:
    dataset = alphabets([10] * 8, pictures_each=2)
    assert dataset.groups is not None
    index = draw(dataset, 600, n_way=5, k_shot=1, n_query=1, grouped_share=0.5)
    groups = dataset.groups[dataset.labels[index.support]]
    assert (groups == groups[:, :1]).all(1).float().mean().item() == pytest.approx(0.5, abs=0.08)


def test_one_drawer_gives_all_support_and_one_other_all_queries() -> None:
    dataset = alphabets([6, 5])
    sampler = EpisodeSampler(
        dataset, EpisodeConfig(n_way=5, k_shot=1, n_query=5, within_group=True, one_author=True), seed=0
    )
    assert sampler.n_query == 1
    assert sampler.notes == ["n_query was cut to 1, the pictures that one author drew of a class"]
    index = sampler.draw(300)
    assert dataset.authors is not None
    supporting, querying = dataset.authors[index.support], dataset.authors[index.query]
    assert (supporting == supporting[:, :1]).all()
    assert (querying == querying[:, :1]).all()
    assert (supporting[:, 0] != querying[:, 0]).all()
    assert (supporting[:, 0] // DRAWERS == querying[:, 0] // DRAWERS).all()
    assert torch.equal(dataset.labels[index.support], dataset.labels[index.query])
    assert len(set(supporting[:, 0].tolist())) == 2 * DRAWERS


def test_a_drawer_of_several_pictures_a_class_gives_several() -> None:
    dataset = alphabets([5], pictures_each=3)
    index = draw(dataset, n_way=5, k_shot=3, n_query=2, within_group=True, one_author=True)
    assert dataset.authors is not None
    assert (dataset.authors[index.support] == dataset.authors[index.support][:, :1]).all()
    assert all(len(set(rows)) == 15 for rows in index.support.tolist())


def test_a_drawer_who_missed_a_class_is_not_drawn() -> None:
    whole = alphabets([5])
    keep = torch.tensor([row for row in range(20) if row != 2 * DRAWERS + 1])  # drawer 1 missed class 2
    assert whole.authors is not None
    dataset = replace(whole, images=whole.images[keep], labels=whole.labels[keep], authors=whole.authors[keep])
    index = draw(dataset, 200, n_way=5, k_shot=1, n_query=1, within_group=True, one_author=True)
    assert dataset.authors is not None
    assert set(dataset.authors[index.support].flatten().tolist()) == {0, 2, 3}
    assert torch.equal(dataset.labels[index.support], dataset.labels[index.query])


def test_a_group_drawn_by_one_person_alone_is_left_out() -> None:
    whole = alphabets([5, 5])
    assert whole.authors is not None
    alone = torch.where(whole.labels < 5, 0, whole.authors)
    sampler = EpisodeSampler(
        replace(whole, authors=alone), EpisodeConfig(n_query=1, within_group=True, one_author=True), seed=0
    )
    assert sampler.notes == ["groups without two authors of all their classes were left out: A"]
    assert (whole.labels[sampler.draw(50).support] >= 5).all()


@pytest.mark.parametrize(
    ("dataset", "config", "problem"),
    [
        (numbered([9] * 6), {"within_group": True}, "needs a data set with groups"),
        (numbered([9] * 6, [0] * 6), {"within_group": True, "one_author": True}, "groups and authors"),
        (alphabets([6], pictures_each=4), {"one_author": True}, "needs within_group"),
        (alphabets([6]), {"k_shot": 2, "within_group": True, "one_author": True}, "only 1 times"),
    ],
)
def test_what_a_data_set_cannot_give_is_refused(dataset: PictureDataset, config: dict[str, Any], problem: str) -> None:
    with pytest.raises(DatasetError, match=problem):
        draw(dataset, **config)


def test_an_index_gathers_rows_into_a_batch_of_episodes() -> None:
    dataset = numbered([6] * 6)
    index = draw(dataset, 3, n_way=4, k_shot=2, n_query=3)
    features = torch.arange(len(dataset), dtype=torch.float32).unsqueeze(1)
    batch = index.gather(features)
    assert len(batch) == 3
    assert torch.equal(batch.support[..., 0].long(), index.support)
    assert batch.support_labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    episodes = list(batch.episodes())
    assert [episode.query.images.shape for episode in episodes] == [(12, 1)] * 3
    assert episodes[0].query.shots.tolist() == [3, 3, 3, 3]


def test_drawn_characters_make_episodes_in_a_script_by_two_hands() -> None:
    dataset = load_dataset("strokes", split="test", n_classes=50, image_size=16)
    index = draw(dataset, 20, n_way=20, within_group=True, one_author=True)
    assert index.support.shape == index.query.shape == (20, 20)
