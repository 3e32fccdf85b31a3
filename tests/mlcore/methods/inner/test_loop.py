"""Fast weights, the bounds of the inner loop, and the classifier that it makes."""

import math

import pytest
import torch
from torch import nn

from mlcore.backbones.layers.batch_norm import norms_of
from mlcore.config import BackboneConfig
from mlcore.data.episode import LabeledSet
from mlcore.errors import AdaptationError, CheckpointError
from mlcore.method_config.maml import MamlConfig
from mlcore.methods.inner.loop import (
    AT_ONCE,
    DIVERGED,
    FastClassifier,
    backbone_weights,
    check_loss,
    detached,
    embed,
    restore_fast,
    seen_by,
)
from mlcore.methods.maml import Maml

SIDE = 16


def doubling() -> nn.Linear:
    layer = nn.Linear(1, 1)
    with torch.no_grad():
        layer.weight.fill_(2.0)
        layer.bias.fill_(1.0)
    return layer


def small_method(norm: str) -> Maml:
    torch.manual_seed(0)
    backbone = BackboneConfig(name="conv4", image_size=SIDE, width=4)
    return Maml(MamlConfig(backbone=backbone, norm=norm)).eval().requires_grad_(False)


def support() -> LabeledSet:
    pictures = torch.rand(4, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    return LabeledSet(pictures, torch.tensor([0, 0, 1, 1]))


def test_fast_weights_take_the_place_of_the_networks_own_for_one_call() -> None:
    layer, one = doubling(), torch.tensor([[1.0]])
    weights = backbone_weights(layer)
    assert embed(layer, weights, one).item() == 3.0
    weights["backbone.weight"] = torch.tensor([[5.0]])
    assert embed(layer, weights, one).item() == 6.0
    assert layer(one).item() == 3.0


def test_features_stay_as_they_are_where_only_the_head_adapts() -> None:
    features = torch.rand(2, 1)
    assert embed(doubling(), {"head.weight": torch.ones(1)}, features) is features


def test_an_outer_gradient_flows_through_fast_weights_but_not_through_detached_ones() -> None:
    layer = doubling()
    weights = backbone_weights(layer)
    embed(layer, weights, torch.tensor([[4.0]])).backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.item() == 4.0
    leaves = detached(weights, leaves=True)
    assert all(value.is_leaf and value.requires_grad for value in leaves.values())
    assert not any(value.requires_grad for value in detached(weights, leaves=False).values())


@pytest.mark.parametrize("loss", [math.nan, math.inf, 1.0 + 2 * DIVERGED])
def test_a_loss_out_of_bounds_names_step_loss_and_setting(loss: float) -> None:
    with pytest.raises(AdaptationError, match=rf"{loss:.3g} at step 3; lower inner_lr"):
        check_loss(loss, 1.0, 3, "inner_lr")


def test_a_loss_that_rises_a_little_is_within_bounds() -> None:
    check_loss(1.0 + DIVERGED / 2, 1.0, 3, "inner_lr")


@pytest.mark.parametrize("norm", ["running", "support"])
def test_a_classifiers_state_holds_no_graph_and_gives_the_classifier_back(norm: str) -> None:
    method, queries = small_method(norm), torch.rand(3, 1, SIDE, SIDE)
    classifier = method.adapt(support())
    state = classifier.state()
    assert not any(tensor.requires_grad for tensor in state.values())
    assert torch.equal(method.restore(state).logits(queries), classifier.logits(queries))


def test_the_supports_statistics_are_in_the_state_and_a_missing_one_is_named() -> None:
    method = small_method("support")
    state = method.adapt(support()).state()
    layers = [name for name, _ in norms_of(method.backbone)]
    assert {name for name in state if name.startswith("statistics.")} == {
        f"statistics.{layer}.{part}" for layer in layers for part in ("mean", "variance")
    }
    del state[f"statistics.{layers[0]}.mean"]
    with pytest.raises(CheckpointError, match=rf"statistics\.{layers[0]}\.mean"):
        restore_fast(method, method.head, state, body=backbone_weights(method.backbone), has_statistics=True)


def test_a_classifier_normalises_by_the_statistics_it_is_given() -> None:
    method, pictures = small_method("support"), support()
    weights = backbone_weights(method.backbone) | method.head.initial(
        torch.rand(4, method.embedding_size), pictures.labels
    )
    standing = {
        name: (norm.get_buffer("running_mean").clone(), norm.get_buffer("running_var").clone())
        for name, norm in norms_of(method.backbone)
    }
    shifted = {name: (mean + 1, variance) for name, (mean, variance) in standing.items()}
    plain, same, moved = (
        FastClassifier(method, method.head, weights, pictures.images, pictures.labels, statistics=statistics)
        for statistics in (None, standing, shifted)
    )
    expected = plain.embeddings_of(pictures.images)
    torch.testing.assert_close(same.embeddings_of(pictures.images), expected)
    assert not torch.allclose(moved.embeddings_of(pictures.images), expected, atol=1e-3)


def test_steps_on_many_pictures_see_them_in_turn_with_every_class_in_its_share() -> None:
    labels = torch.cat([torch.zeros(3 * AT_ONCE - 30, dtype=torch.int64), torch.ones(30, dtype=torch.int64)])
    support = LabeledSet(torch.arange(len(labels)).float().unsqueeze(1), labels)
    seen = [seen_by(step, support) for step in range(3)]
    assert [int(part.sum()) for _, part in seen] == [10, 10, 10]
    assert torch.cat([images for images, _ in seen]).flatten().sort().values.tolist() == list(range(len(labels)))
    for images, part in seen:
        assert torch.equal(labels[images.flatten().long()], part)
    assert torch.equal(seen_by(3, support)[0], seen[0][0])


def test_steps_on_few_pictures_see_all_of_them() -> None:
    images, labels = seen_by(5, support())
    assert torch.equal(images, support().images)
    assert torch.equal(labels, support().labels)


def test_an_adaptation_to_more_pictures_than_a_step_sees_serves_as_any_other() -> None:
    labels = torch.arange(3).repeat(AT_ONCE)
    pictures = torch.rand(len(labels), 1, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    classifier = small_method("running").adapt(LabeledSet(pictures, labels))
    assert classifier.state()["support"].shape == (len(labels), 4)
    assert classifier.logits(pictures[:2]).shape == (2, 3)
