"""Reptile: its outer gradient against a loop of its own, and what its adaptation promises."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from mlcore.config import BackboneConfig
from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.errors import AdaptationError, ConfigError
from mlcore.method_config.reptile import ReptileConfig
from mlcore.methods.prototypical import INITIAL_SCALE
from mlcore.methods.reptile import ADAM_EPS, Reptile

SIDE = 16
BACKBONE = BackboneConfig(name="conv4", image_size=SIDE, width=4)


def small_method(**settings: float | str) -> Reptile:
    torch.manual_seed(0)
    method = Reptile(ReptileConfig.from_dict({"backbone": BACKBONE, **settings}))
    method.train()
    with torch.no_grad():
        method.backbone(torch.rand(32, 1, SIDE, SIDE))  # running statistics unlike the initial ones
    return method.eval()


def pictures(n: int, seed: int = 1) -> Tensor:
    return torch.rand(n, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def labels(*values: int) -> Tensor:
    return torch.tensor(values)


def unequal_support(seed: int = 1) -> LabeledSet:
    return LabeledSet(pictures(6, seed), labels(0, 1, 1, 1, 2, 2))


def episodes(n: int) -> EpisodeBatch:
    return EpisodeBatch(pictures(4 * n).unflatten(0, (n, 4)), pictures(8 * n, 2).unflatten(0, (n, 8)), 4)


def sgd(value: Tensor, gradient: Tensor, squares: Tensor, step: int, rate: float) -> Tensor:
    return value - rate * gradient


def adam_without_momentum(value: Tensor, gradient: Tensor, squares: Tensor, step: int, rate: float) -> Tensor:
    squares.mul_(0.999).add_(gradient**2, alpha=0.001)
    return value - rate * gradient / ((squares / (1 - 0.999**step)).sqrt() + ADAM_EPS)


def trained_on(
    method: Reptile, images: Tensor, truth: Tensor, update: Callable[[Tensor, Tensor, Tensor, int, float], Tensor]
) -> dict[str, Tensor]:
    """Train full-batch on one episode in the plainest way; every class has as many pictures."""
    body = {name: value.detach().clone() for name, value in method.backbone.named_parameters()}
    size = method.embedding_size**0.5
    if method.head.shared is not None:
        weight, bias = method.head.shared.detach().expand(4, -1).clone(), torch.zeros(4)
    else:
        embedding = method.backbone(images).detach() / size
        prototypes = torch.stack([embedding[truth == each].mean(0) for each in range(4)])
        weight, bias = 2 * prototypes, -(prototypes**2).sum(1)
    weights = {**body, "weight": weight, "bias": bias}
    squares = {name: torch.zeros_like(value) for name, value in weights.items()}
    for step in range(1, method.config.inner_steps + 1):
        weights = {name: value.detach().requires_grad_() for name, value in weights.items()}
        embedding = functional_call(method.backbone, {name: weights[name] for name in body}, (images,)) / size
        loss = functional.cross_entropy((embedding @ weights["weight"].T + weights["bias"]) * INITIAL_SCALE, truth)
        gradients = torch.autograd.grad(loss, list(weights.values()))
        weights = {
            name: update(value, gradient, squares[name], step, method.config.inner_lr).detach()
            for (name, value), gradient in zip(weights.items(), gradients, strict=True)
        }
    return weights


@pytest.mark.parametrize("head_init", ["prototypes", "shared"])
@pytest.mark.parametrize("inner_optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("n_episodes", [1, 3])
def test_the_outer_gradient_is_the_mean_of_phi_less_theta(
    n_episodes: int, inner_optimizer: str, head_init: str
) -> None:
    settings = {"inner_optimizer": inner_optimizer, "head_init": head_init, "inner_steps": 3, "inner_batch": 0}
    method = small_method(inner_lr=0.01, norm="frozen", **settings).double()
    batch = episodes(n_episodes)
    batch = EpisodeBatch(batch.support.double(), batch.query.double(), 4)
    method.accumulate_gradients(batch)
    truth = torch.cat([batch.support_labels, batch.query_labels])
    update = sgd if inner_optimizer == "sgd" else adam_without_momentum
    thetas = [
        trained_on(method, torch.cat([support, query]), truth, update)
        for support, query in zip(batch.support, batch.query, strict=True)
    ]
    for name, phi in method.backbone.named_parameters():
        expected = phi.detach() - torch.stack([theta[name] for theta in thetas]).mean(0)
        assert expected.abs().max() > 0
        torch.testing.assert_close(phi.grad, expected, atol=1e-7, rtol=1e-5, msg=name)
    if method.head.shared is not None:
        mean = torch.stack([theta["weight"].mean(0) for theta in thetas]).mean(0)
        torch.testing.assert_close(method.head.shared.grad, method.head.shared.detach() - mean, atol=1e-7, rtol=1e-5)


def test_an_outer_rate_of_one_goes_all_the_way_to_theta() -> None:
    method = small_method(inner_optimizer="sgd", inner_lr=0.1, inner_steps=2, inner_batch=0, norm="frozen")
    batch = episodes(1)
    truth = torch.cat([batch.support_labels, batch.query_labels])
    theta = trained_on(method, torch.cat([batch.support[0], batch.query[0]]), truth, sgd)
    method.accumulate_gradients(batch)
    torch.optim.SGD(method.parameters(), lr=1.0).step()
    for name, phi in method.backbone.named_parameters():
        torch.testing.assert_close(phi.detach(), theta[name], atol=1e-6, rtol=0)


def test_minibatches_go_through_all_pictures_of_an_episode_before_any_comes_again() -> None:
    method = small_method(inner_steps=6, inner_batch=4)
    episode = LabeledSet(torch.arange(12.0).reshape(12, 1), torch.arange(12) % 3)
    batches = list(method._minibatches(episode))
    assert [len(truth) for _, truth in batches] == [4] * 6
    for half in (batches[:3], batches[3:]):
        assert torch.cat([images for images, _ in half]).flatten().sort().values.tolist() == list(range(12))
    assert all(torch.equal(images.flatten().long() % 3, truth) for images, truth in batches)


def test_meta_training_on_episodes_moves_only_what_the_paper_moves() -> None:
    method = small_method()
    method.train()
    before = {name: value.clone() for name, value in method.named_parameters()}
    method.accumulate_gradients(episodes(1))
    assert all(torch.equal(value, before[name]) for name, value in method.named_parameters())
    assert {name for name, value in method.named_parameters() if value.grad is not None} == {
        f"backbone.{name}" for name, _ in method.backbone.named_parameters()
    }


@pytest.mark.parametrize("norm", ["running", "frozen", "support"])
def test_one_picture_is_answered_alone_as_among_others(norm: str) -> None:
    method, query = small_method(norm=norm), pictures(20, seed=2)
    classifier = method.adapt(unequal_support())
    torch.testing.assert_close(classifier.logits(query[3:4]), classifier.logits(query)[3:4], atol=1e-4, rtol=0)
    again = method.restore(classifier.state())
    assert torch.equal(again.logits(query), classifier.logits(query))


@pytest.mark.parametrize(("norm", "changes"), [("running", True), ("frozen", False), ("support", False)])
def test_only_running_norm_gathers_statistics_in_meta_training(norm: str, changes: bool) -> None:
    method = small_method(norm=norm)
    method.train()
    before = {name: value.clone() for name, value in method.backbone.named_buffers()}
    method.accumulate_gradients(episodes(1))
    after = dict(method.backbone.named_buffers())
    assert any(not torch.equal(value, after[name]) for name, value in before.items()) == changes


@pytest.mark.parametrize(("inner_optimizer", "inner_lr", "falls_to"), [("adam", 0.01, 0.5), ("sgd", 0.1, 1.0)])
def test_adaptation_lowers_the_loss_and_ends_early_once_it_stays(
    inner_optimizer: str, inner_lr: float, falls_to: float
) -> None:
    method = small_method(inner_optimizer=inner_optimizer, inner_lr=inner_lr, adapt_steps=1000)
    brightness = labels(0, 1, 1, 1, 2, 2).reshape(-1, 1, 1, 1)
    support = LabeledSet(pictures(6) * brightness, unequal_support().labels)
    told: list[tuple[int, int, float]] = []
    classifier = method.adapt(support, lambda *step: told.append(step))
    assert 1 < classifier.adaptation.steps == len(told) < 1000
    assert told[-1][2] < falls_to * told[0][2]


def test_no_graph_is_kept_and_no_gradient_is_left_by_an_adaptation() -> None:
    method = small_method()
    classifier = method.adapt(unequal_support())
    assert not any(tensor.requires_grad for tensor in classifier.state().values())
    assert all(parameter.grad is None for parameter in method.parameters())


def test_a_rate_that_overshoots_is_refused_by_name() -> None:
    with pytest.raises(AdaptationError, match=r"lower inner_lr"):
        small_method(inner_lr=1e3, adapt_steps=100).adapt(unequal_support())


def test_on_a_pretrained_backbone_the_adapter_and_the_head_adapt() -> None:
    method = small_method()
    method.backbone = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, method.embedding_size))
    weights = method.adapt(unequal_support()).state()
    for name, value in method.backbone.named_parameters():
        assert not torch.equal(weights[f"backbone.{name}"], value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inner_lr", 0.0),
        ("inner_steps", 0),
        ("inner_batch", -1),
        ("adapt_steps", 0),
        ("inner_optimizer", "lbfgs"),
        ("head_init", "random"),
        ("norm", "per_step"),
        ("views", "wobble"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name_and_value(field: str, value: float | str) -> None:
    with pytest.raises(ConfigError, match=rf"{field} is {value!r}; it must be"):
        ReptileConfig.from_dict({"backbone": BACKBONE, field: value})
