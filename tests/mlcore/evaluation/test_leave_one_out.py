"""Leaving one out: each picture is asked about once, of a classifier that never saw it."""

import pytest
import torch
from torch import Tensor

from mlcore.config import BackboneConfig
from mlcore.data.episode import LabeledSet
from mlcore.evaluation.leave_one_out import leave_one_of_each_out, leave_one_out, rounds_of
from mlcore.method_config import METHODS
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from mlcore.methods.base import FewShotMethod


@pytest.fixture
def method() -> FewShotMethod:
    torch.manual_seed(0)
    config = PrototypicalConfig(backbone=BackboneConfig(name="conv4", image_size=28, width=8))
    return build_method("prototypical", config).eval()


def support(method: FewShotMethod, *shots: int) -> LabeledSet:
    """Return features of noise around a level of its own for each class, class by class."""
    torch.manual_seed(1)
    labels = torch.repeat_interleave(torch.arange(len(shots)), torch.tensor(shots))
    images = labels.reshape(-1, 1, 1, 1) * 0.5 + 0.05 * torch.randn(len(labels), 1, 28, 28)
    with torch.no_grad():
        return LabeledSet(method.features(images), labels)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_can_be_left_one_out(name: str) -> None:
    torch.manual_seed(0)
    method = build_method(name, METHODS[name].config(backbone=BackboneConfig(name="conv4", image_size=28, width=8)))
    measured = leave_one_out(method.eval().requires_grad_(False), support(method, 2, 2))
    torch.testing.assert_close(measured.probabilities.sum(1), torch.ones(4))


def by_hand(method: FewShotMethod, pictures: LabeledSet, place: int) -> Tensor:
    others = [row for row in range(len(pictures.labels)) if row != place]
    classifier = method.adapt_features(LabeledSet(pictures.images[others], pictures.labels[others]))
    return classifier.probabilities_of(pictures.images[place : place + 1])[0]


def test_each_picture_is_answered_by_a_classifier_of_the_others(method: FewShotMethod) -> None:
    pictures = support(method, 3, 2)
    measured = leave_one_out(method, pictures)
    assert measured.places.tolist() == [0, 1, 2, 3, 4]
    with torch.no_grad():
        expected = torch.stack([by_hand(method, pictures, place) for place in range(5)])
    torch.testing.assert_close(measured.probabilities, expected)


def test_classes_that_lie_apart_are_all_right_and_a_stray_picture_is_found(method: FewShotMethod) -> None:
    pictures = support(method, 4, 4)
    assert leave_one_out(method, pictures).n_right == 8
    strayed = LabeledSet(pictures.images[[0, 1, 2, 7, 4, 5, 6, 3]], pictures.labels)  # two have changed places
    measured = leave_one_out(method, strayed)
    assert measured.places[~measured.right].tolist() == [3, 7]
    assert measured.confusion.tolist() == [[3, 1], [1, 3]]


def test_a_picture_alone_in_its_class_is_learned_from_and_not_asked_about(method: FewShotMethod) -> None:
    measured = leave_one_out(method, support(method, 1, 3))
    assert measured.places.tolist() == [1, 2, 3]
    assert measured.probabilities.shape == (3, 2)


def test_with_one_picture_a_class_nothing_is_measured(method: FewShotMethod) -> None:
    measured = leave_one_out(method, support(method, 1, 1))
    assert (len(measured), measured.n_right, measured.confusion.tolist()) == (0, 0, [[0, 0], [0, 0]])


def test_a_bound_is_shared_among_the_classes(method: FewShotMethod) -> None:
    measured = leave_one_out(method, support(method, 9, 2, 4), at_most=7)
    assert torch.bincount(measured.labels).tolist() == [3, 2, 2]


def test_the_watch_is_told_and_can_stop(method: FewShotMethod) -> None:
    told: list[tuple[int, int]] = []

    def watch(asked: int, of: int) -> None:
        told.append((asked, of))
        if asked == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave_one_out(method, support(method, 3, 3), watch=watch)
    assert told == [(0, 6), (1, 6), (2, 6)]


def test_the_watch_is_told_at_each_inner_step_and_can_stop_there() -> None:
    torch.manual_seed(0)
    config = METHODS["reptile"].config(backbone=BackboneConfig(name="conv4", image_size=28, width=8), adapt_steps=3)
    method = build_method("reptile", config).eval().requires_grad_(False)
    told: list[tuple[int, int]] = []

    def watch(asked: int, of: int) -> None:
        told.append((asked, of))
        if len(told) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave_one_out(method, support(method, 2, 2), watch=watch)
    assert (told[:3], len(told)) == ([(0, 4)] * 3, 6)  # before it, and at its first two steps


def test_rounds_leave_out_one_of_each_class_at_a_time() -> None:
    labels = torch.tensor([0, 0, 1, 1, 1, 2])
    rounds = rounds_of(labels, at_most=100, n_rounds=10)
    assert [places.tolist() for places in rounds] == [[0, 2], [1, 3], [4]]


def test_rounds_are_bounded_in_number_and_in_pictures() -> None:
    labels = torch.arange(4).repeat_interleave(200)
    rounds = rounds_of(labels, at_most=80, n_rounds=10)
    assert [torch.bincount(labels[places]).tolist() for places in rounds] == [[2] * 4] * 10
    assert rounds_of(torch.arange(3), at_most=80, n_rounds=10) == []


def test_a_round_is_answered_by_a_classifier_of_all_that_it_does_not_leave_out(method: FewShotMethod) -> None:
    pictures = support(method, 3, 2)
    rounds = rounds_of(pictures.labels, at_most=100, n_rounds=10)
    answered = list(leave_one_of_each_out(method, pictures, rounds))
    assert [places.tolist() for places, _ in answered] == [[0, 3], [1, 4], [2]]
    others = LabeledSet(pictures.images[[1, 2, 4]], pictures.labels[[1, 2, 4]])
    with torch.no_grad():
        expected = method.adapt_features(others).probabilities_of(pictures.images[[0, 3]])
    torch.testing.assert_close(answered[0][1], expected)
