"""MAML and its family, against an unrolled reference written here and against finite differences."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mlcore.backbones.layers.batch_norm import batch_statistics, norms_of
from mlcore.config import BackboneConfig
from mlcore.data.episode import Episode, EpisodeBatch, LabeledSet
from mlcore.errors import AdaptationError, ConfigError
from mlcore.method_config import METHODS
from mlcore.method_config.maml import MamlConfig
from mlcore.methods.base import FewShotMethod
from mlcore.methods.maml import Maml

SIDE, WIDTH, RATE = 32, 3, 0.2
BACKBONE = BackboneConfig(name="conv4", image_size=SIDE, width=WIDTH)
NORMS = ("support", "support_affine", "running", "per_step", "per_step_affine", "frozen")
FAMILY = ("maml", "fomaml", "anil", "meta_sgd", "maml_plus_plus")
Weights = dict[str, Tensor]
Moments = list[tuple[Tensor, Tensor]]


def built(name: str = "maml", **fields: object) -> Maml:
    """Build a small one of the family in float64, its running statistics unlike the initial ones."""
    torch.manual_seed(0)
    settings = {"backbone": BACKBONE, "inner_lr": RATE, "inner_steps": 3, **fields}
    method = Maml(METHODS[name].config(**settings))  # type: ignore[arg-type]
    method.train()
    with torch.no_grad():
        for _, norm in norms_of(method.backbone):
            norm.train().bias.fill_(0.5)  # so that no unit is dead
        method.backbone(torch.rand(32, 1, SIDE, SIDE))
    method.double().begin_training(6)
    return method.double().train()


def pictures(n: int, seed: int = 1) -> Tensor:
    return torch.rand(n, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def batch(n_episodes: int = 1) -> EpisodeBatch:
    """Three ways, two shots, three queries a class."""
    support, queries = pictures(6 * n_episodes), pictures(9 * n_episodes, 2)
    return EpisodeBatch(support.unflatten(0, (n_episodes, 6)), queries.unflatten(0, (n_episodes, 9)), 3)


def gradients(method: FewShotMethod) -> Weights:
    return {name: value.grad.clone() for name, value in method.named_parameters() if value.grad is not None}


def convolved(body: Weights, images: Tensor, given: Moments | None) -> tuple[Tensor, Moments]:
    """Conv4 written out: embeddings, and the moments that its four norms used."""
    used: Moments = []
    maps = images
    for block in range(4):
        weight, bias, gain, shift = (
            body[f"blocks.{block}.{each}"] for each in ("0.weight", "0.bias", "1.weight", "1.bias")
        )
        maps = functional.conv2d(maps, weight, bias, padding=1)
        mean, variance = given[block] if given else (maps.mean((0, 2, 3)), maps.var((0, 2, 3), unbiased=False))
        used.append((mean, variance))
        mean, variance, gain, shift = (each[:, None, None] for each in (mean, variance, gain, shift))
        maps = functional.max_pool2d(functional.relu((maps - mean) / (variance + 1e-5).sqrt() * gain + shift), 2)
    return maps.flatten(1), used


def unrolled(method: Maml, episode: Episode, *, first_order: bool = False) -> Tensor:
    """The outer loss of plain MAML with a prototype head, or a shared one, from the published equations alone."""
    norm, steps = method.config.norm, method.config.inner_steps
    standing = [(each.running_mean.clone(), each.running_var.clone()) for _, each in norms_of(method.backbone)]  # type: ignore[union-attr]
    given = standing if norm == "frozen" else None
    body, shrink = dict(method.backbone.named_parameters()), method.embedding_size**-0.5
    scale, (images, labels) = method.head.log_scale.exp(), (episode.support.images, episode.support.labels)
    if method.config.head_init == "shared":
        assert method.head.shared is not None
        head = method.head.shared.expand(3, -1).clone()
        bias = torch.zeros(3, dtype=head.dtype, requires_grad=True)
    else:
        embedded = convolved(body, images, given)[0] * shrink
        means = torch.stack([embedded[labels == way].mean(0) for way in range(3)])
        head, bias = 2 * means, -means.pow(2).sum(1)
    body = {name: value.clone() for name, value in body.items()}  # inner slopes do not run through the prototypes

    def scored(fast: Weights, head: Tensor, bias: Tensor, pictures: Tensor, given: Moments | None) -> Tensor:
        return scale * (convolved(fast, pictures, given)[0] * shrink @ head.T + bias)

    for _ in range(steps):
        wrong = -scored(body, head, bias, images, given).log_softmax(1)[torch.arange(len(labels)), labels]
        loss = torch.stack([wrong[labels == way].mean() for way in range(3)]).mean()
        slopes = torch.autograd.grad(loss, [*body.values(), head, bias], create_graph=True)
        slopes = tuple(each.detach() for each in slopes) if first_order else slopes
        *stepped, head, bias = (
            value - RATE * slope for value, slope in zip([*body.values(), head, bias], slopes, strict=True)
        )
        body = dict(zip(body, stepped, strict=True))
    if norm == "support":
        given = convolved(body, images, None)[1]
    return functional.cross_entropy(scored(body, head, bias, episode.query.images, given), episode.query.labels)


def assert_gradients_match(method: Maml, expected: Tensor) -> None:
    loss = method.accumulate_gradients(batch())["loss"]
    assert loss == pytest.approx(expected.item(), rel=1e-10)
    found = gradients(method)
    named = dict(method.named_parameters())
    slopes = torch.autograd.grad(expected, list(named.values()))
    for name, slope in zip(named, slopes, strict=True):
        torch.testing.assert_close(found[name], slope, rtol=1e-7, atol=1e-11, msg=name)


@pytest.mark.parametrize("norm", ["running", "frozen", "support"])
@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("head_init", ["prototypes", "shared"])
def test_the_outer_gradient_is_that_of_the_unrolled_reference(norm: str, first_order: bool, head_init: str) -> None:
    method = built("fomaml" if first_order else "maml", norm=norm, head_init=head_init)
    if method.head.shared is not None:
        torch.nn.init.normal_(method.head.shared)
    [episode] = batch().episodes()
    assert_gradients_match(method, unrolled(method, episode, first_order=first_order))


def test_first_and_second_order_differ() -> None:
    exact, first = built("maml"), built("fomaml")
    for method in (exact, first):
        method.accumulate_gradients(batch())
    assert not torch.allclose(
        gradients(exact)["backbone.blocks.0.0.weight"], gradients(first)["backbone.blocks.0.0.weight"]
    )


def slope_of(method: Maml, parameter: Tensor, place: int, width: float = 1e-6) -> float:
    """Measure the outer loss's slope along one number of a parameter."""
    losses = []
    for shift in (width, -2 * width):
        with torch.no_grad():
            parameter.view(-1)[place] += shift
        losses.append(method.accumulate_gradients(batch())["loss"])
    with torch.no_grad():
        parameter.view(-1)[place] += width
    return (losses[0] - losses[1]) / (2 * width)


@pytest.mark.parametrize(
    ("name", "norm"),
    [
        *product(["maml", "meta_sgd", "maml_plus_plus"], NORMS),
        *product(["anil"], ["running", "frozen"]),
    ],
)
def test_second_order_gradients_agree_with_finite_differences(name: str, norm: str) -> None:
    method = built(name, norm=norm, inner_lr=0.05 if norm.endswith("_affine") else RATE)
    method.progress = 0.35
    method.accumulate_gradients(batch())
    found = gradients(method)
    tried = ("0.0.weight", "3.1.weight", "0/0/weight", "head/weight", "log_scale", "scale0", "scale3", "shift2")
    for parameter_name, parameter in method.named_parameters():
        if not parameter_name.endswith(tried) or parameter_name not in found:  # scales of steps stand for the network's
            continue
        place = int(found[parameter_name].abs().argmax())
        expected = found[parameter_name].view(-1)[place].item()
        assert abs(expected) > 1e-7, parameter_name
        assert slope_of(method, parameter, place) == pytest.approx(expected, rel=1e-4, abs=1e-9), parameter_name


def test_an_episode_that_does_not_settle_is_counted_and_has_no_part_in_the_gradient() -> None:
    method, episodes = built(inner_lr=0.01), batch(2)
    method.accumulate_gradients(batch(1))
    alone = gradients(method)
    method.zero_grad()
    spoilt = episodes.support.clone()
    spoilt[0], spoilt[1] = batch(1).support[0], float("inf")
    queries = batch(1).query.repeat(2, 1, 1, 1, 1)
    metrics = method.accumulate_gradients(EpisodeBatch(spoilt, queries, 3))
    assert metrics["diverged"] == 0.5
    for parameter_name, gradient in gradients(method).items():
        torch.testing.assert_close(2 * gradient, alone[parameter_name], msg=parameter_name)


def steps_told(adapt: Callable[..., object]) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    adapt(
        LabeledSet(pictures(6), torch.arange(3).repeat_interleave(2)), lambda step, most, _: told.append((step, most))
    )
    return told


def test_meta_training_takes_inner_steps_and_adapting_takes_adapt_steps() -> None:
    method = built(inner_steps=2, adapt_steps=4)
    assert steps_told(method.adapt_features) == [(1, 2), (2, 2)]
    method.eval().requires_grad_(False)
    assert steps_told(method.adapt) == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_adapting_takes_as_many_steps_as_meta_training_unless_told_otherwise() -> None:
    method = built(inner_steps=2).eval().requires_grad_(False)
    assert steps_told(method.adapt) == [(1, 2), (2, 2)]


def test_adapting_ends_early_once_the_loss_has_settled() -> None:
    method = built(adapt_steps=1000, inner_lr=1e-6).eval().requires_grad_(False)
    assert steps_told(method.adapt) == [(1, 1000), (2, 1000)]


def test_anil_embeds_with_a_backbone_that_does_not_adapt() -> None:
    method = built("anil").eval().requires_grad_(False)
    support, queries = LabeledSet(pictures(6), torch.arange(3).repeat_interleave(2)), pictures(4, 2)
    classifier, features = method.adapt(support), method.features(queries)
    torch.testing.assert_close(features, method.backbone(queries))
    assert classifier.embeddings_of(features) is features
    assert {name for name in classifier.state() if name.startswith("backbone.")} == set()


@pytest.mark.parametrize("name", ["meta_sgd", "maml_plus_plus"])
def test_every_learned_rate_gets_a_gradient(name: str) -> None:
    method = built(name)
    method.accumulate_gradients(batch())
    rates = {key: value for key, value in gradients(method).items() if key.startswith("rates.")}
    adapted = [key for key, _ in method.backbone.named_parameters() if name == "meta_sgd" or key.split(".")[2] != "1"]
    assert len(rates) == len(adapted) + 2
    head_bias_only = {key for key, value in rates.items() if not value.abs().max() > 0}
    assert head_bias_only <= {key for key in rates if key.endswith("0/bias")}  # batch norm cancels convolutions' biases


def test_meta_sgd_multiplies_each_parameters_gradient_with_its_own_factor() -> None:
    method = built("meta_sgd", adapt_steps=1, norm="frozen").eval().requires_grad_(False)
    support = LabeledSet(pictures(6), torch.arange(3).repeat_interleave(2))
    name = "backbone.blocks.0.0.weight"
    start, factor = method.backbone.get_parameter("blocks.0.0.weight"), method.rates.factors[name.replace(".", "/")]
    plain = method.adapt(support).state()[name] - start
    factor[0] = 2.5
    scaled = method.adapt(support).state()[name] - start
    torch.testing.assert_close(scaled[0], 2.5 * plain[0])
    torch.testing.assert_close(scaled[1:], plain[1:])


def test_learned_rates_are_stored_in_half_precision_and_come_to_the_published_size() -> None:
    backbone = BackboneConfig(name="conv6", image_size=56, width=96)
    method = Maml(METHODS["meta_sgd"].config(backbone=backbone))  # type: ignore[arg-type]
    method.begin_training(5)
    assert {value.dtype for value in method.rates.parameters()} == {torch.float32}
    method.end_training()
    assert {value.dtype for value in method.rates.parameters()} == {torch.float16}
    assert sum(value.nbytes for value in method.state_dict().values()) < 2 * 2**20 - 2**16


def test_maml_plus_plus_has_rates_of_each_step_and_later_steps_have_the_last() -> None:
    method = built("maml_plus_plus")
    name = "backbone.blocks.0.0.weight"
    with torch.no_grad():
        method.rates.factors[name.replace(".", "/")].copy_(torch.tensor([1.0, 2.0, 3.0]))
    assert [method.rates.of(name, step).item() for step in (0, 1, 2, 3, 9)] == pytest.approx(
        [RATE * factor for factor in (1, 2, 3, 3, 3)]
    )


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (0.0, [1 / 3] * 3),
        (0.25, [1 / 6, 1 / 6, 2 / 3]),
        (0.49, [0.01, 0.01, 0.98]),
        (0.5, [0, 0, 1]),
        (1.0, [0, 0, 1]),
    ],
)
def test_the_loss_of_earlier_steps_fades_out(progress: float, expected: list[float]) -> None:
    method = built("maml_plus_plus", multi_step_share=0.5)
    method.progress = progress
    assert method.step_importance() == pytest.approx(expected)


def test_the_multi_step_loss_is_the_weighed_sum_of_the_losses_after_each_step() -> None:
    method = built("maml_plus_plus", multi_step_share=0.5)
    after = [built("maml_plus_plus", inner_steps=steps, multi_step_share=0.0) for steps in (1, 2, 3)]
    losses = [each.accumulate_gradients(batch())["loss"] for each in after]
    method.progress = 0.25
    expected = losses[0] / 6 + losses[1] / 6 + 2 * losses[2] / 3
    assert method.accumulate_gradients(batch())["loss"] == pytest.approx(expected, rel=1e-10)


def test_the_order_of_derivatives_switches_with_progress() -> None:
    annealed, exact, first = (
        built("maml_plus_plus", multi_step_share=0.0, first_order_share=share) for share in (0.5, 0.0, 1.0)
    )
    for progress, like in ((0.49, first), (0.5, exact)):
        for method in (annealed, like):
            method.zero_grad()
            method.progress = progress
            method.accumulate_gradients(batch())
        for name, gradient in gradients(like).items():
            torch.testing.assert_close(gradients(annealed)[name], gradient, msg=name)


def test_norm_statistics_are_kept_for_each_step_apart() -> None:
    method = built("maml_plus_plus")
    norms = method.step_norms
    assert norms is not None
    names = norms.names
    started = {name: (mean.clone(), variance.clone()) for name, (mean, variance) in norms.at(1).items()}
    ones = torch.ones(WIDTH, dtype=torch.float64)
    norms.update(1, {name: (started[name][0] + ones, started[name][1] + 2 * ones) for name in names})
    for name in names:
        torch.testing.assert_close(norms.at(1)[name], (started[name][0] + 0.1, started[name][1] + 0.2))
        torch.testing.assert_close(norms.at(0)[name], started[name])
        torch.testing.assert_close(norms.at(7)[name], norms.at(2)[name])


def test_every_step_of_maml_plus_plus_has_scales_and_shifts_of_its_own_and_the_query_those_of_the_last() -> None:
    method = built("maml_plus_plus", multi_step_share=0.0)
    norms = method.step_norms
    assert norms is not None
    of_norms = (".1.weight", ".1.bias")
    assert not {name for name in method._body() if name.endswith(of_norms)}, "the inner loop leaves them to the outer"
    support, query = LabeledSet(pictures(6), torch.arange(3).repeat_interleave(2)), pictures(4, 2)
    method.eval().requires_grad_(False)
    before = method.adapt(support)
    scales = norms.get_parameter("scale3")
    for step, changes in ((0, True), (2, True)):
        kept = scales.clone()
        scales[step] *= 2
        assert torch.allclose(method.adapt(support).logits(query), before.logits(query)) != changes
        scales.copy_(kept)
    queried = before.state()["scales.blocks.3.1.scale"]
    torch.testing.assert_close(queried, scales[2])


def test_frozen_statistics_stay_as_they_are_in_meta_training() -> None:
    frozen, running = built(norm="frozen"), built(norm="running")
    for method, moves in ((frozen, False), (running, True)):
        before = {name: value.clone() for name, value in method.backbone.named_buffers() if "running" in name}
        method.accumulate_gradients(batch())
        assert any(not torch.equal(before[name], method.backbone.get_buffer(name)) for name in before) == moves


@pytest.mark.parametrize("norm", NORMS)
def test_a_transductive_answer_depends_on_the_other_queries_and_an_inductive_one_does_not(norm: str) -> None:
    method = built(norm=norm, inner_lr=0.01).eval().requires_grad_(False)
    classifier = method.adapt(LabeledSet(pictures(6), torch.arange(3).repeat_interleave(2)))
    queries = pictures(8, 2)
    together = classifier.logits(queries)
    torch.testing.assert_close(classifier.logits(queries[:2]), together[:2])
    with batch_statistics(method):
        assert not torch.allclose(classifier.logits(queries[:2]), classifier.logits(queries)[:2], atol=1e-3)


@pytest.mark.parametrize("name", FAMILY)
def test_divergence_raises_and_gives_no_classifier(name: str) -> None:
    method = built(name, inner_lr=1e6).eval().requires_grad_(False)
    classifier = None
    with pytest.raises(AdaptationError, match=r"at step \d+; lower inner_lr"):
        classifier = method.adapt(LabeledSet(pictures(6), torch.arange(3).repeat_interleave(2)))
    assert classifier is None


@pytest.mark.parametrize("name", FAMILY)
def test_without_meta_training_it_knows_pictures_again(name: str) -> None:
    method = built(name, inner_lr=MamlConfig().inner_lr).eval().requires_grad_(False)
    shown, labels = pictures(3).repeat_interleave(2, 0), torch.tensor([0, 0, 1, 1, 2, 2])
    classifier = method.adapt(LabeledSet(shown + 0.01 * pictures(6, 2), labels))
    assert torch.equal(classifier.logits(shown + 0.01 * pictures(6, 3)).argmax(1), labels)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inner_lr", 0.0),
        ("inner_lr", -0.1),
        ("inner_steps", 0),
        ("inner_steps", 101),
        ("adapt_steps", -1),
        ("adapt_steps", 1001),
        ("adapts", "tail"),
        ("head_init", "zeros"),
        ("rates", "learned"),
        ("first_order_share", 1.5),
        ("multi_step_share", -0.5),
        ("norm", "batch"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name_and_value(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{field} is {value!r}; it must be"):
        MamlConfig(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["maml", "fomaml", "meta_sgd", "maml_plus_plus"])
def test_views_are_refused_where_the_backbone_adapts(name: str) -> None:
    with pytest.raises(ConfigError, match="views is 'wobble'"):
        METHODS[name].config(views="wobble")


@pytest.mark.parametrize("norm", ["per_step", "support"])
def test_norms_that_inner_steps_measure_are_refused_where_the_head_alone_adapts(norm: str) -> None:
    with pytest.raises(ConfigError, match=f"norm is '{norm}'; it must be running or frozen"):
        METHODS["anil"].config(norm=norm)  # type: ignore[call-arg]
