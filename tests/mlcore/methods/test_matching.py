"""Matching networks: values worked by hand, unequal shots, full context, and one pass against many."""

import math

import pytest
import torch
from torch import Tensor, nn

from mlcore.config import BackboneConfig
from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.errors import ConfigError
from mlcore.method_config.matching import MatchingConfig
from mlcore.methods.base import FewShotMethod
from mlcore.methods.matching import INITIAL_SCALE, Matching, class_log_probabilities
from mlcore.methods.metrics.full_context import FullContext

SIDE = 16
BACKBONE = BackboneConfig(name="conv4", image_size=SIDE, width=8)


def small_method(*, full_context: bool = False) -> Matching:
    torch.manual_seed(0)
    method = Matching(MatchingConfig(backbone=BACKBONE, full_context=full_context, context_size=6))
    method.train()
    method.features(torch.rand(32, 1, SIDE, SIDE))  # running statistics unlike the initial ones
    return method.eval()


def identity_method() -> Matching:
    method = small_method()
    method.backbone = nn.Flatten()
    return method


def pictures(n: int, seed: int = 1) -> Tensor:
    return torch.rand(n, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def unequal_support() -> LabeledSet:
    return LabeledSet(pictures(6), torch.tensor([0, 1, 1, 1, 2, 2]))


def test_attention_is_a_softmax_over_cosines_as_worked_by_hand() -> None:
    support = LabeledSet(torch.tensor([[[[2.0, 0.0]]], [[[0.0, 5.0]]]]), torch.tensor([0, 1]))
    probabilities = identity_method().adapt(support).probabilities(torch.tensor([[[[3.0, 4.0]]]]))
    # Cosines 0.6 and 0.8; the length of neither counts.
    odds = math.exp(0.2 * INITIAL_SCALE)
    torch.testing.assert_close(probabilities, torch.tensor([[1 / (1 + odds), odds / (1 + odds)]]))


def test_a_class_gets_the_attention_of_all_its_pictures() -> None:
    scores = torch.tensor([[1.0, 2.0, 3.0, 4.0]]).log()  # attention 0.1, 0.2, 0.3, 0.4
    found = class_log_probabilities(scores, torch.tensor([0, 1, 0, 1])).exp()
    torch.testing.assert_close(found, torch.tensor([[0.4, 0.6]]))


def test_each_class_weighs_alike_whatever_its_shots() -> None:
    scores = torch.tensor([[1.0, 2.0, 3.0, 4.0]]).log()
    found = class_log_probabilities(scores, torch.tensor([0, 1, 1, 1])).exp()
    # Attention 1, and 2, 3 and 4 at a third each.
    torch.testing.assert_close(found, torch.tensor([[0.25, 0.75]]))


def test_far_classes_keep_a_finite_log_probability() -> None:
    scores = torch.tensor([[0.0, 1000.0]], requires_grad=True)
    logits = class_log_probabilities(scores, torch.tensor([0, 1]))
    torch.testing.assert_close(logits, torch.tensor([[-1000.0, 0.0]]))
    logits.sum().backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()


def test_giving_a_class_its_pictures_twice_changes_nothing() -> None:
    method, support, query = small_method(), unequal_support(), pictures(4, seed=2)
    labels = torch.cat([support.labels, torch.tensor([1, 1, 1])])
    doubled = LabeledSet(torch.cat([support.images, support.images[1:4]]), labels)
    torch.testing.assert_close(method.adapt(support).logits(query), method.adapt(doubled).logits(query))


def gradients(method: FewShotMethod) -> dict[str, Tensor]:
    return {name: value.grad.clone() for name, value in method.named_parameters() if value.grad is not None}


@pytest.mark.parametrize("full_context", [False, True])
def test_the_batched_gradient_is_the_mean_of_the_episodes_gradients(full_context: bool) -> None:
    """Batch norm is in its serving mode: only then do one pass and many passes mean the same."""
    method = small_method(full_context=full_context).double()
    batch = EpisodeBatch(pictures(12).double().unflatten(0, (2, 6)), pictures(18, 2).double().unflatten(0, (2, 9)), 3)
    loss = method.accumulate_gradients(batch)["loss"]
    fast = gradients(method)
    method.zero_grad()
    assert loss == pytest.approx(FewShotMethod.accumulate_gradients(method, batch)["loss"], rel=1e-12)
    slow = gradients(method)
    assert fast.keys() == slow.keys() == {name for name, _ in method.named_parameters()}
    for name, gradient in slow.items():
        assert gradient.abs().max() > 0, name
        torch.testing.assert_close(fast[name], gradient, msg=name)


def test_in_full_context_a_picture_alone_is_answered_as_among_fifty() -> None:
    classifier, query = small_method(full_context=True).adapt(unequal_support()), pictures(50, seed=2)
    torch.testing.assert_close(classifier.logits(query[7:8]), classifier.logits(query)[7:8], atol=1e-5, rtol=0)


def test_full_context_reads_class_by_class_however_the_pictures_are_mixed() -> None:
    method, support, query = small_method(full_context=True), unequal_support(), pictures(4, seed=2)
    mixed = torch.tensor([4, 1, 0, 2, 5, 3])
    found = method.adapt(LabeledSet(support.images[mixed], support.labels[mixed])).logits(query)
    torch.testing.assert_close(found, method.adapt(support).logits(query))


def test_full_context_is_the_same_each_time_and_survives_its_state() -> None:
    method, query = small_method(full_context=True), pictures(4, seed=2)
    classifier = method.adapt(unequal_support())
    assert torch.equal(method.adapt(unequal_support()).logits(query), classifier.logits(query))
    assert torch.equal(method.restore(classifier.state()).logits(query), classifier.logits(query))


def test_full_context_lets_the_other_support_pictures_change_an_embedding() -> None:
    torch.manual_seed(0)
    context, support, queries = FullContext(8, 4, steps=2), torch.randn(5, 8), torch.randn(3, 8)
    changed = support.clone()
    changed[4] = -changed[4]
    (before, queries_before), (after, queries_after) = context(support, queries), context(changed, queries)
    assert (before[:4] - after[:4]).abs().amax(1).min() > 0
    assert (queries_before - queries_after).abs().amax(1).min() > 0


def test_full_context_follows_the_paper_s_equations() -> None:
    """Section 2.1.2 and appendix A, one step after the other, where the small embedding is the whole one."""
    torch.manual_seed(0)
    context = FullContext(4, 4, steps=2).double()
    nn.init.eye_(context.down.weight)
    nn.init.eye_(context.up.weight)
    support, query = (2 * nn.functional.normalize(torch.randn(n, 4).double(), dim=1) for n in (3, 1))
    keys = support + context.read(support)[0].unflatten(1, (2, 4)).sum(1)
    hidden, cell, read = torch.zeros(1, 4).double(), torch.zeros(1, 4).double(), torch.zeros(1, 4).double()
    for _ in range(2):
        added, cell = context.attend(torch.cat([query, read], 1), (hidden, cell))
        hidden = added + query
        attention = torch.stack([(hidden * key).sum().exp() for key in keys])
        read = (attention.unsqueeze(1) * keys).sum(0, keepdim=True) / attention.sum()
    found_keys, found_query = context(support, query)
    torch.testing.assert_close(found_keys, keys)
    torch.testing.assert_close(found_query, hidden)


def test_full_context_reads_a_batch_of_episodes_as_each_alone() -> None:
    torch.manual_seed(0)
    context, support, queries = FullContext(8, 4, steps=3), torch.randn(2, 5, 8), torch.randn(2, 3, 8)
    together = context(support, queries)
    for episode in range(2):
        for whole, alone in zip(together, context(support[episode], queries[episode]), strict=True):
            torch.testing.assert_close(whole[episode], alone)


def test_full_context_stays_within_two_megabytes_on_the_shipped_backbone() -> None:
    backbone = BackboneConfig(name="conv6", image_size=56, width=96)
    method = Matching(MatchingConfig(backbone=backbone, full_context=True))
    assert sum(value.numel() * value.element_size() for value in method.state_dict().values()) < 1_950_000


@pytest.mark.parametrize("adapter", [0, 16])
@pytest.mark.parametrize("full_context", [False, True])
def test_it_runs_on_a_frozen_backbone_s_embeddings(adapter: int, full_context: bool) -> None:
    torch.manual_seed(0)
    backbone = BackboneConfig(name="efficientnet_lite2", in_channels=3, image_size=448)
    config = MatchingConfig(backbone=backbone, adapter=adapter, full_context=full_context)
    method = Matching(config)
    inputs = torch.randn(12, method.embedding_size)
    batch = EpisodeBatch(inputs[:4].unsqueeze(0), inputs[4:].unsqueeze(0), 4)
    assert math.isfinite(method.accumulate_gradients(batch)["loss"])
    reached = gradients(method)
    assert not any(name.startswith("pretrained") for name in reached)
    logits = method.adapt_features(LabeledSet(inputs[:4], torch.arange(4))).logits_of(inputs[4:])
    assert logits.shape == (8, 4)


@pytest.mark.parametrize(("field", "value"), [("context_size", 0), ("context_steps", 0), ("context_steps", 21)])
def test_settings_that_cannot_work_are_refused_by_name(field: str, value: int) -> None:
    with pytest.raises(ConfigError, match=f"{field}.*{value}"):
        MatchingConfig(backbone=BACKBONE, **{field: value})
