"""Classes are split by a hash: about 60, 20 and 20 of a hundred, always the same way, no split without any."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.datasets.ingesting.class_splits import LEAST, SPLITS, assign

ONE, OTHER = UUID(int=1), UUID(int=2)


def test_about_60_20_and_20_of_a_hundred() -> None:
    counts = Counter(assign(dataset_id=ONE, names=map(str, range(5000)), known={}).values())
    assert [round(counts[split] / 5000, 1) for split in SPLITS] == [0.6, 0.2, 0.2]


def test_another_data_set_is_split_otherwise_and_the_same_one_alike() -> None:
    names = [str(number) for number in range(100)]
    first = assign(dataset_id=ONE, names=names, known={})
    assert assign(dataset_id=ONE, names=reversed(names), known={}) == first
    assert assign(dataset_id=OTHER, names=names, known={}) != first


@given(st.sets(st.text(min_size=1, max_size=8), min_size=4, max_size=12), st.uuids())
def test_no_split_is_without_classes_as_far_as_there_are_enough(names: set[str], dataset_id: UUID) -> None:
    counts = Counter(assign(dataset_id=dataset_id, names=sorted(names), known={}).values())
    assert counts["train"] >= LEAST
    assert counts["val"] >= LEAST
    assert counts["test"] >= min(LEAST, len(names) - 2 * LEAST)


@given(st.sets(st.integers(), min_size=4, max_size=9), st.sets(st.integers(), max_size=30), st.uuids())
def test_a_class_keeps_its_split_whatever_comes_later(old: set[int], new: set[int], dataset_id: UUID) -> None:
    known = assign(dataset_id=dataset_id, names=sorted(map(str, old)), known={})
    assert known.items() <= assign(dataset_id=dataset_id, names=sorted(map(str, old | new)), known=known).items()


@pytest.mark.parametrize("n", [0, 1, 3])
def test_splitting_a_few_classes_ends(n: int) -> None:
    assert len(assign(dataset_id=ONE, names=map(str, range(n)), known={})) == n
