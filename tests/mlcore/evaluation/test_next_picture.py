"""The class that is named is the one whose next pictures help, and the reason is true of it."""

from __future__ import annotations

import pytest
import torch

from mlcore.data.episode import LabeledSet
from mlcore.evaluation.next_picture import Need, gains_of, spread_of, what_to_add
from tests.mlcore.evaluation.small_norms import NORMS, made_up


def need_of(support: LabeledSet) -> Need:
    need = what_to_add(support, NORMS)
    assert need is not None
    return need


def test_the_class_with_fewest_pictures_is_named_where_all_else_is_equal() -> None:
    need = need_of(made_up(5, 5, 1, 5))
    assert (need.label, need.reason) == (2, "few")


def test_of_equally_many_the_class_that_lies_close_to_another_is_named_with_that_one() -> None:
    support = made_up(4, 4, 4, 4, scatter=0.05)
    images = support.images.clone()
    images[:4] += 0.8 * (images[4:8].mean(0) - images[:4].mean(0))
    need = need_of(LabeledSet(images, support.labels))
    assert {need.label, need.close_to} == {0, 1}
    assert need.reason == "close"


def test_a_scattered_class_is_named_as_such() -> None:
    support = made_up(5, 5, 5, scatter=0.05)
    images = support.images.clone()
    images[5:10] = made_up(5, 5, 5, scatter=2.0, seed=1).images[5:10]
    need = need_of(LabeledSet(images, support.labels))
    assert (need.label, need.reason) == (1, "scattered")


@pytest.mark.parametrize("shots", [(5,), (1,), (1, 1, 1)])
def test_where_nobody_can_know_no_class_is_named(shots: tuple[int, ...]) -> None:
    assert what_to_add(made_up(*shots), NORMS) is None


def test_all_the_same_picture_comes_to_a_number() -> None:
    need = need_of(LabeledSet(torch.ones(5, 4), torch.tensor([0, 0, 0, 1, 1])))
    assert 0 <= need.gain <= 1


def test_more_pictures_never_add_to_the_confusion_of_classes_that_lie_apart() -> None:
    assert (gains_of(spread_of(made_up(2, 3, 4, 5), NORMS)) >= 0).all()


def test_confusion_falls_with_distance_and_with_more_pictures() -> None:
    near, far = (spread_of(made_up(3, 3, apart=apart), NORMS) for apart in (0.7, 1.5))
    assert near.confusion(near.shots)[0, 1] > far.confusion(far.shots)[0, 1]
    assert near.confusion(near.shots)[0, 1] > near.confusion(near.shots + 5)[0, 1]
    assert near.confusion(near.shots).diagonal().tolist() == [0, 0]
