"""Prototypical networks: values worked by hand, and what every method promises."""

import pytest
import torch
from torch import Tensor, nn

from mlcore.config import BackboneConfig
from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method, prototypical
from mlcore.methods.base import FewShotMethod
from mlcore.methods.prototypical import INITIAL_SCALE, UNEQUAL, Prototypical

SIDE = 16


def small_method(distance: str = "euclidean", *, take_turns: bool = False) -> Prototypical:
    torch.manual_seed(0)
    backbone = BackboneConfig(name="conv4", image_size=SIDE, width=8)
    method = Prototypical(PrototypicalConfig(backbone=backbone, distance=distance, take_turns=take_turns))
    method.train()
    method.features(torch.rand(32, 1, SIDE, SIDE))  # running statistics unlike the initial ones
    return method.eval()


def identity_method(distance: str) -> Prototypical:
    method = small_method(distance)
    method.backbone = nn.Flatten()
    return method


def pictures(n: int, seed: int = 1) -> Tensor:
    return torch.rand(n, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def labels(*values: int) -> Tensor:
    return torch.tensor(values)


def unequal_support(seed: int = 1) -> LabeledSet:
    return LabeledSet(pictures(6, seed), labels(0, 1, 1, 1, 2, 2))


def test_squared_euclidean_logits_match_a_case_worked_by_hand() -> None:
    support = LabeledSet(torch.tensor([[[[0.0, 0.0]]], [[[2.0, 0.0]]], [[[0.0, 4.0]]]]), labels(0, 0, 1))
    query = torch.tensor([[[[1.0, 2.0]]]])
    logits = identity_method("euclidean").adapt(support).logits(query)
    # Prototypes (1, 0) and (0, 4); squared distances 4 and 5. Pictures of a class scatter by 2, which puts the mean of
    # two 1 farther away than it lies, and that of one 2. Over two dimensions, times the initial scale.
    expected = torch.tensor([[-4.0 + UNEQUAL * 1, -5.0 + UNEQUAL * 2]]) / 2 * INITIAL_SCALE
    torch.testing.assert_close(logits, expected)


def share_of_the_class_with_one_picture() -> float:
    """Return how often it is answered beside a class of five, where both come up alike."""
    generator, n_answers = torch.Generator().manual_seed(0), 0
    for _ in range(100):
        pictures = torch.randn(26, 16, 1, 1, generator=generator)
        pictures[[*range(1, 6), *range(16, 26)], 0] += 3
        support = LabeledSet(pictures[:6], labels(0, 1, 1, 1, 1, 1))
        n_answers += int((identity_method("euclidean").adapt(support).logits(pictures[6:]).argmax(1) == 0).sum())
    return n_answers / 2000


def test_a_class_of_one_picture_is_answered_nearly_as_often_as_one_of_five(monkeypatch: pytest.MonkeyPatch) -> None:
    share = share_of_the_class_with_one_picture()
    monkeypatch.setattr(prototypical, "UNEQUAL", 0.0)
    assert share_of_the_class_with_one_picture() + 0.1 < share < 0.5


def test_equal_shots_are_answered_by_distance_alone() -> None:
    support = LabeledSet(torch.tensor([[0.0], [2.0], [4.0], [8.0]])[:, :, None, None], labels(0, 0, 1, 1))
    logits = identity_method("euclidean").adapt(support).logits(torch.tensor([[[[3.0]]]]))
    assert logits.tolist() == [[-4.0 * INITIAL_SCALE, -9.0 * INITIAL_SCALE]]


def test_cosine_logits_match_a_case_worked_by_hand() -> None:
    support = LabeledSet(torch.tensor([[[[3.0, 0.0]]], [[[0.0, 5.0]]]]), labels(0, 1))
    query = torch.tensor([[[[3.0, 4.0]]]])
    logits = identity_method("cosine").adapt(support).logits(query)
    torch.testing.assert_close(logits, torch.tensor([[0.6, 0.8]]) * INITIAL_SCALE)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_unequal_shots_weigh_pictures_within_their_class_only(distance: str) -> None:
    method = small_method(distance)
    support = unequal_support()
    doubled = LabeledSet(torch.cat([support.images, support.images[1:4]]), torch.cat([support.labels, labels(1, 1, 1)]))
    query = pictures(4, seed=2)
    torch.testing.assert_close(method.adapt(support).logits(query), method.adapt(doubled).logits(query))


def in_float64(take_turns: bool = False) -> tuple[Prototypical, EpisodeBatch]:
    """Batch norm in its serving mode: only then do one pass and many passes mean the same."""
    method = small_method(take_turns=take_turns).double()
    batch = EpisodeBatch(pictures(12).double().unflatten(0, (2, 6)), pictures(18, 2).double().unflatten(0, (2, 9)), 3)
    return method, batch


def gradients(method: FewShotMethod) -> dict[str, Tensor]:
    return {name: value.grad.clone() for name, value in method.named_parameters() if value.grad is not None}


def test_the_batched_gradient_is_the_mean_of_the_episodes_gradients() -> None:
    method, batch = in_float64()
    loss = method.accumulate_gradients(batch)["loss"]
    fast = gradients(method)
    method.zero_grad()
    expected = FewShotMethod.accumulate_gradients(method, batch)["loss"]
    assert loss == pytest.approx(expected, rel=1e-12)
    slow = gradients(method)
    assert fast.keys() == slow.keys() == {name for name, _ in method.named_parameters()}
    for name, gradient in slow.items():
        torch.testing.assert_close(fast[name], gradient, msg=name)


def test_taking_turns_is_the_mean_over_episodes_with_each_part_as_support() -> None:
    method, batch = in_float64(take_turns=True)
    by_class = torch.cat([part.unflatten(1, (3, -1)) for part in (batch.support, batch.query)], 2)[:, :, :4]
    episode = EpisodeBatch(by_class[:, :, :2].flatten(1, 2), by_class[:, :, 2:].flatten(1, 2), 3)
    swapped = EpisodeBatch(episode.query, episode.support, 3)
    loss = method.accumulate_gradients(episode)["loss"]
    plain, _ = in_float64()
    expected = [FewShotMethod.accumulate_gradients(plain, batch)["loss"] for batch in (episode, swapped)]
    assert loss == pytest.approx(sum(expected) / 2, rel=1e-12)


def test_meta_training_steps_lower_the_loss() -> None:
    method = build_method("prototypical", small_method().config)
    bright = torch.linspace(0.1, 0.9, 4).repeat_interleave(4).reshape(1, 16, 1, 1, 1)
    batch = EpisodeBatch(bright * pictures(16).unsqueeze(0), bright * pictures(16, 2).unsqueeze(0), 4)
    optimizer = torch.optim.Adam(method.parameters(), lr=1e-2)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        losses.append(method.accumulate_gradients(batch)["loss"])
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]
