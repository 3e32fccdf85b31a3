"""Siamese networks: values worked by hand, the best-matching picture, and one pass against many."""

import math

import pytest
import torch
from torch import Tensor, nn

from mlcore.config import BackboneConfig
from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.errors import ConfigError
from mlcore.method_config.siamese import SiameseConfig
from mlcore.methods.base import FewShotMethod
from mlcore.methods.siamese import ContrastivePair, LogisticPair, Siamese

SIDE = 16
BACKBONE = BackboneConfig(name="conv4", image_size=SIDE, width=8)
LOSSES = ["logistic", "contrastive"]


def small_method(loss: str = "logistic") -> Siamese:
    torch.manual_seed(0)
    method = Siamese(SiameseConfig(backbone=BACKBONE, loss=loss))
    method.train()
    method.features(torch.rand(32, 1, SIDE, SIDE))  # running statistics unlike the initial ones
    return method.eval()


def flat_method(loss: str) -> Siamese:
    """Compare pictures of two pixels as they are; weights 2 and 0.5, bias 1."""
    method = small_method(loss)
    method.backbone = nn.Flatten()
    method.pair = ContrastivePair(margin=4.0)
    if loss == "logistic":
        method.pair = LogisticPair(2)
        method.pair.weights.data = torch.tensor([2.0, 0.5])
        method.pair.bias.data = torch.tensor(1.0)
    return method.requires_grad_(False)


def flat_pictures(*values: tuple[float, float]) -> Tensor:
    return torch.tensor(values).reshape(-1, 1, 1, 2)


def pair_loss(method: Siamese, support: LabeledSet, query: LabeledSet) -> Tensor:
    return method.loss(method.adapt(support), LabeledSet(method.features(query.images), query.labels))


def pictures(n: int, seed: int = 1) -> Tensor:
    return torch.rand(n, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def test_weighted_l1_log_odds_match_a_case_worked_by_hand() -> None:
    support = LabeledSet(flat_pictures((0.0, 0.0), (1.0, 4.0)), torch.tensor([0, 1]))
    logits = flat_method("logistic").adapt(support).logits(flat_pictures((1.0, 2.0)))
    # Distances 2 * 1 + 0.5 * 2 and 2 * 0 + 0.5 * 2, taken from a bias of 1.
    torch.testing.assert_close(logits, torch.tensor([[-2.0, 0.0]]))


def test_a_negative_weight_counts_as_its_size() -> None:
    method = flat_method("logistic")
    support = LabeledSet(flat_pictures((0.0, 0.0), (1.0, 4.0)), torch.tensor([0, 1]))
    before = method.adapt(support).logits(flat_pictures((1.0, 2.0)))
    method.pair.weights.data.neg_()  # type: ignore[operator, union-attr]
    torch.testing.assert_close(method.adapt(support).logits(flat_pictures((1.0, 2.0))), before)


def test_a_class_answers_with_its_best_matching_picture() -> None:
    support = LabeledSet(flat_pictures((9.0, 9.0), (0.0, 0.0), (1.0, 4.0), (1.0, 2.0)), torch.tensor([0, 1, 1, 0]))
    logits = flat_method("logistic").adapt(support).logits(flat_pictures((1.0, 2.0)))
    torch.testing.assert_close(logits, torch.tensor([[1.0, 0.0]]))


def test_cross_entropy_of_pairs_matches_a_case_worked_by_hand() -> None:
    method = flat_method("logistic")
    support = LabeledSet(flat_pictures((0.0, 0.0), (1.0, 4.0)), torch.tensor([0, 1]))
    query = LabeledSet(flat_pictures((0.0, 2.0)), torch.tensor([0]))
    # Same: the query and the first, distance 1, log-odds 0. Different: the second and each other, distances 4 and 3.
    same, different = math.log(2), (math.log1p(math.exp(-3)) + math.log1p(math.exp(-2))) / 2
    expected = torch.tensor((same + different) / 2)
    torch.testing.assert_close(pair_loss(method, support, query), expected)


def test_contrastive_loss_matches_a_case_worked_by_hand() -> None:
    method, root2 = flat_method("contrastive"), math.sqrt(2)
    support = LabeledSet(flat_pictures((0.0, 0.0), (3 * root2, 4 * root2)), torch.tensor([0, 1]))
    query = LabeledSet(flat_pictures((0.0, root2)), torch.tensor([0]))
    # Over two dimensions: same, 1 apart: 1 / 2. Different, 5 and sqrt(9 + 9) apart, both beyond the margin of 4: 0.
    torch.testing.assert_close(pair_loss(method, support, query), torch.tensor((0.5 + 0.0) / 2))
    near = LabeledSet(flat_pictures((0.0, 0.0), (3 * root2, 0.0)), torch.tensor([0, 1]))
    # Different: 3 and sqrt(10) apart.
    missing = (0.5 + (4 - math.sqrt(10)) ** 2 / 2) / 2
    torch.testing.assert_close(pair_loss(method, near, query), torch.tensor((0.5 + missing) / 2))


def test_contrastive_log_odds_are_the_difference_of_the_losses() -> None:
    distances = torch.tensor([0.0, 1.0, 3.0])
    torch.testing.assert_close(ContrastivePair(margin=2.0).log_odds(distances), torch.tensor([2.0, 0.0, -4.5]))


def test_same_and_different_pairs_weigh_half_each_however_many() -> None:
    method = flat_method("logistic")
    support = LabeledSet(flat_pictures((0.0, 0.0), (4.0, 0.0)), torch.tensor([0, 1]))
    query = LabeledSet(flat_pictures((0.0, 0.0), (4.0, 0.0)), torch.tensor([0, 1]))
    many = LabeledSet(query.images.repeat(5, 1, 1, 1), query.labels.repeat(5))
    torch.testing.assert_close(pair_loss(method, support, many), pair_loss(method, support, query))


def gradients(method: FewShotMethod) -> dict[str, Tensor]:
    return {name: value.grad.clone() for name, value in method.named_parameters() if value.grad is not None}


@pytest.mark.parametrize("loss", LOSSES)
def test_the_batched_gradient_is_the_mean_of_the_episodes_gradients(loss: str) -> None:
    """Batch norm is in its serving mode: only then do one pass and many passes mean the same."""
    method = small_method(loss).double()
    batch = EpisodeBatch(pictures(12).double().unflatten(0, (2, 6)), pictures(18, 2).double().unflatten(0, (2, 9)), 3)
    found = method.accumulate_gradients(batch)["loss"]
    fast = gradients(method)
    method.zero_grad()
    assert found == pytest.approx(FewShotMethod.accumulate_gradients(method, batch)["loss"], rel=1e-12)
    slow = gradients(method)
    assert fast.keys() == slow.keys() == {name for name, _ in method.named_parameters()}
    for name, gradient in slow.items():
        assert torch.isfinite(gradient).all(), name
        assert gradient.abs().max() > 0, name
        torch.testing.assert_close(fast[name], gradient, msg=name)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_picture_given_twice_leaves_gradients_finite(loss: str) -> None:
    method = small_method(loss)
    twice = pictures(3).repeat(2, 1, 1, 1)
    method.accumulate_gradients(EpisodeBatch(twice[:3].unsqueeze(0), twice[3:].unsqueeze(0), 3))
    assert all(torch.isfinite(gradient).all() for gradient in gradients(method).values())


@pytest.mark.parametrize("adapter", [0, 16])
@pytest.mark.parametrize("loss", LOSSES)
def test_it_runs_on_a_frozen_backbone_s_embeddings(adapter: int, loss: str) -> None:
    torch.manual_seed(0)
    backbone = BackboneConfig(name="efficientnet_lite2", in_channels=3, image_size=448)
    method = Siamese(SiameseConfig(backbone=backbone, adapter=adapter, loss=loss))
    inputs = torch.randn(12, method.embedding_size)
    batch = EpisodeBatch(inputs[:4].unsqueeze(0), inputs[4:].unsqueeze(0), 4)
    assert math.isfinite(method.accumulate_gradients(batch)["loss"])
    assert not any(name.startswith("pretrained") for name in gradients(method))
    assert method.adapt_features(LabeledSet(inputs[:4], torch.arange(4))).logits_of(inputs[4:]).shape == (8, 4)


@pytest.mark.parametrize("loss", LOSSES)
def test_unequal_shots_and_one_picture_alone(loss: str) -> None:
    support = LabeledSet(pictures(6), torch.tensor([0, 1, 1, 1, 2, 2]))
    classifier, query = small_method(loss).requires_grad_(False).adapt(support), pictures(20, seed=2)
    assert classifier.logits(query).shape == (20, 3)
    torch.testing.assert_close(classifier.logits(query[7:8]), classifier.logits(query)[7:8], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("field", "value"), [("loss", "triplet"), ("margin", 0.0), ("margin", -1.0)])
def test_settings_that_cannot_work_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{field}.*{value}"):
        SiameseConfig(backbone=BACKBONE, **{field: value})  # type: ignore[arg-type]
