"""Heads that start alike for every class: values worked by hand."""

import math

import pytest
import torch
from torch.nn import functional

from mlcore.methods.inner.class_head import BIAS, WEIGHT, ClassHead, balanced_loss
from mlcore.methods.prototypical import INITIAL_SCALE

EMBEDDINGS = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0]])
LABELS = torch.tensor([0, 0, 1])
QUERY = torch.tensor([[1.0, 2.0]])


def test_prototype_weights_and_logits_match_a_case_worked_by_hand() -> None:
    head = ClassHead(2, init="prototypes", unit_length=True)
    weights = head.initial(EMBEDDINGS, LABELS)
    # Prototypes (1, 0) and (0, 4): twice them, and their squared lengths below zero.
    torch.testing.assert_close(weights[WEIGHT], torch.tensor([[2.0, 0.0], [0.0, 8.0]]))
    torch.testing.assert_close(weights[BIAS], torch.tensor([-1.0, -16.0]))
    torch.testing.assert_close(head.logits(weights, QUERY), INITIAL_SCALE * torch.tensor([[1.0, 0.0]]))


def test_a_prototype_head_answers_as_squared_distances_over_the_embeddings_size_do() -> None:
    torch.manual_seed(0)
    support, queries, labels = torch.randn(6, 16), torch.randn(4, 16), torch.tensor([0, 0, 1, 1, 2, 2])
    head = ClassHead(16, init="prototypes", unit_length=False)
    means = torch.stack([support[labels == way].mean(0) for way in range(3)])
    distances = torch.cdist(queries, means) ** 2 / 16
    answered = head.logits(head.initial(support, labels), queries).softmax(-1)
    torch.testing.assert_close(answered, (-INITIAL_SCALE * distances).softmax(-1))


@pytest.mark.parametrize("n_way", [2, 7])
def test_a_shared_head_starts_alike_for_every_class(n_way: int) -> None:
    head = ClassHead(3, init="shared", unit_length=True)
    assert head.shared is not None
    with torch.no_grad():
        head.shared.copy_(torch.tensor([1.0, 2.0, 3.0]))
    weights = head.initial(torch.zeros(n_way, 3), torch.arange(n_way))
    torch.testing.assert_close(weights[WEIGHT], torch.tensor([[1.0, 2.0, 3.0]]).expand(n_way, 3))
    torch.testing.assert_close(weights[BIAS], torch.zeros(n_way))
    weights[WEIGHT].sum().backward()
    torch.testing.assert_close(head.shared.grad, torch.full((3,), float(n_way)))


def test_the_scale_is_learned() -> None:
    head = ClassHead(2, init="prototypes", unit_length=True)
    logits = head.logits(head.initial(EMBEDDINGS, LABELS), QUERY)
    functional.cross_entropy(logits, torch.tensor([0])).backward()
    # d/ds of log(1 + exp(-s)) is -1 / (1 + exp(s)); times s, for the scale is kept as a logarithm.
    assert head.log_scale.grad is not None
    assert head.log_scale.grad.item() == pytest.approx(-INITIAL_SCALE / (1 + math.exp(INITIAL_SCALE)), rel=1e-3)


def test_every_class_weighs_alike_in_the_loss() -> None:
    logits = torch.tensor([[0.0, 0.0], [0.0, math.log(3)], [0.0, math.log(3)]])
    # The first class's pictures cost log 2 and log 4, the second's log 4/3.
    expected = ((math.log(2) + math.log(4)) / 2 + math.log(4 / 3)) / 2
    assert balanced_loss(logits, LABELS).item() == pytest.approx(expected)


def test_a_class_taught_twice_as_often_weighs_no_more() -> None:
    torch.manual_seed(0)
    logits, order = torch.randn(3, 2), torch.tensor([0, 1, 2, 2])
    torch.testing.assert_close(balanced_loss(logits[order], LABELS[order]), balanced_loss(logits, LABELS))
