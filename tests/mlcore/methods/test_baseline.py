"""Fine-tuning baselines: values worked by hand, and what their adaptation promises."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.config import BackboneConfig
from mlcore.data.episode import EpisodeBatch, LabeledSet
from mlcore.errors import AdaptationError, ConfigError
from mlcore.method_config import METHODS
from mlcore.method_config.baseline import BaselineConfig, BaselinePlusPlusConfig
from mlcore.methods import build_method
from mlcore.methods.baseline import Baseline, BaselinePlusPlus, HeadBaseline

SIDE = 16
BACKBONE = BackboneConfig(name="conv4", image_size=SIDE, width=8)
NAMES = ("baseline", "baseline_plus_plus")


def small_method(name: str, **settings: float) -> HeadBaseline:
    torch.manual_seed(0)
    method = build_method(name, METHODS[name].config.from_dict({"backbone": BACKBONE, **settings}))
    assert isinstance(method, HeadBaseline)
    method.train()
    method.features(torch.rand(32, 1, SIDE, SIDE))  # running statistics unlike the initial ones
    return method.eval().requires_grad_(False)


def flat(method: HeadBaseline) -> HeadBaseline:
    """Let pictures be their own embeddings."""
    method.backbone = nn.Flatten()
    return method.eval()


def pictures(n: int, seed: int = 1) -> Tensor:
    return torch.rand(n, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def points(*rows: list[float]) -> Tensor:
    return torch.tensor(rows)


def labels(*values: int) -> Tensor:
    return torch.tensor(values)


def unequal_support(seed: int = 1) -> LabeledSet:
    return LabeledSet(pictures(6, seed), labels(0, 1, 1, 1, 2, 2))


def test_one_linear_step_matches_a_case_worked_by_hand() -> None:
    method = flat(Baseline(BaselineConfig(backbone=BACKBONE, adapt_steps=1, adapt_lr=0.5, adapt_decay=0.0)))
    classifier = method.adapt_features(LabeledSet(points([4.0, 1.0], [0.0, 1.0]), labels(0, 1)))
    # Centre (2, 1), unit 2: the support is (1, 0) and (-1, 0). At zero, all probabilities are 1/2, so that the weights'
    # gradient is (-1/2, 0) and (1/2, 0), the biases' 0. Nesterov's first step is 1 + 0.9 times the rate: weights
    # (0.475, 0) and (-0.475, 0). A query 3 to the right of the centre is (1.5, 0).
    assert method.config.adapt_steps == 1
    torch.testing.assert_close(classifier.logits_from(points([5.0, 7.0])), points([0.7125, -0.7125]))
    assert classifier.adaptation.steps == 1
    assert classifier.adaptation.loss == pytest.approx(math.log(1 + math.exp(-0.95)))


def test_the_cosine_head_starts_from_prototypes_and_turns_away_from_other_classes() -> None:
    method = flat(BaselinePlusPlus(BaselinePlusPlusConfig(backbone=BACKBONE, adapt_steps=1, adapt_lr=1e-9, scale=4.0)))
    support = LabeledSet(points([3.0, 0.0], [0.0, 1.0], [0.0, 7.0]), labels(0, 1, 1))
    # The prototypes are (1, 0) and (0, 1); a query (3, 4) has cosines 0.6 and 0.8 with them.
    torch.testing.assert_close(method.adapt_features(support).logits_from(points([3.0, 4.0])), points([2.4, 3.2]))
    fitted = BaselinePlusPlus(BaselinePlusPlusConfig(backbone=BACKBONE, scale=4.0)).eval()
    fitted.backbone = nn.Flatten()
    directions = functional.normalize(fitted.adapt_features(support).state()["weight"])
    assert directions[0, 1] < -0.1
    assert directions[1, 0] < -0.1


def test_the_linear_head_comes_to_where_the_gradient_is_zero() -> None:
    method = flat(Baseline(BaselineConfig(backbone=BACKBONE, adapt_steps=1000, adapt_decay=0.1)))
    support = LabeledSet(points([2.0, 0.0], [0.0, 0.0]), labels(0, 1))
    state = method.adapt_features(support).state()
    # By symmetry weights are (w, 0) and (-w, 0) on the support (1, 0) and (-1, 0), the loss log(1 + exp(-2w)) + 0.1 w²,
    # which is least where 1 / (1 + exp(2w)) = 0.1 w: w = 1.064.
    assert state["weight"][0, 0].item() == pytest.approx(1.064, abs=0.02)
    torch.testing.assert_close(state["bias"], -state["weight"][:, 0])


@pytest.mark.parametrize("name", NAMES)
def test_each_class_weighs_alike_however_many_pictures_it_has(name: str) -> None:
    method, support, query = small_method(name), unequal_support(), pictures(4, seed=2)
    doubled = LabeledSet(torch.cat([support.images, support.images[1:4]]), torch.cat([support.labels, labels(1, 1, 1)]))
    torch.testing.assert_close(
        method.adapt(support).logits(query), method.adapt(doubled).logits(query), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("name", NAMES)
def test_adaptation_leaves_the_method_untouched(name: str) -> None:
    method = small_method(name).requires_grad_(True)
    before = {key: value.clone() for key, value in method.state_dict().items()}
    method.adapt(unequal_support())
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())
    assert all(parameter.grad is None for parameter in method.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_adaptation_learns_its_support_and_ends_early_once_it_has(name: str) -> None:
    method, truth = flat(small_method(name, adapt_steps=1000)), labels(0, 1, 1, 1, 2, 2)
    support = torch.randn(6, 8, generator=torch.Generator().manual_seed(1))
    told: list[tuple[int, int, float]] = []
    classifier = method.adapt_features(LabeledSet(support, truth), lambda *step: told.append(step))
    assert 1 < classifier.adaptation.steps == len(told) < 1000
    assert {steps for _, steps, _ in told} == {1000}
    assert told[-1][2] < told[0][2]
    assert torch.equal(classifier.logits_from(support).argmax(1), truth)


def test_a_rate_that_overshoots_is_refused_by_name() -> None:
    method = small_method("baseline", adapt_lr=1e4)
    with pytest.raises(AdaptationError, match=r"lower adapt_lr or adapt_decay"):
        method.adapt(unequal_support())


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("baseline", "adapt_lr", 0.0),
        ("baseline", "adapt_steps", 0),
        ("baseline", "adapt_decay", -1.0),
        ("baseline_plus_plus", "scale", 0.0),
        ("baseline_plus_plus", "adapt_lr", -2.0),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name_and_value(name: str, field: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"{field} is {value}; it must be"):
        METHODS[name].config.from_dict({"backbone": BACKBONE, field: value})


@pytest.mark.parametrize("name", NAMES)
def test_meta_training_is_classification_of_every_picture_among_all_classes(name: str) -> None:
    method = small_method(name).requires_grad_(True)
    method.begin_training(7)
    assert method.base_head is not None
    batch = EpisodeBatch(
        pictures(4).unflatten(0, (2, 2)),
        pictures(8, 2).unflatten(0, (2, 4)),
        2,
        labels(6, 0, 3, 2).unflatten(0, (2, 2)),
    )
    metrics = method.accumulate_gradients(batch)
    images = torch.cat([pictures(4), pictures(8, 2)])
    truth = labels(6, 0, 3, 2, 6, 6, 0, 0, 3, 3, 2, 2)
    embeddings = method.backbone(images)
    weight, bias = method.base_head.weight, method.base_head.bias
    if name == "baseline":
        logits = embeddings @ weight.T + bias
    else:
        cosines = embeddings @ weight.T / embeddings.norm(dim=1, keepdim=True) / weight.norm(dim=1)
        logits = cosines * 10
    expected = functional.cross_entropy(logits, truth)
    assert metrics["loss"] == pytest.approx(expected.item(), rel=1e-5)
    (gradient,) = torch.autograd.grad(expected, weight)
    torch.testing.assert_close(weight.grad, gradient)


@pytest.mark.parametrize("name", NAMES)
def test_the_head_over_base_classes_goes_when_meta_training_ends(name: str) -> None:
    method = small_method(name)
    before = set(method.state_dict())
    method.begin_training(7)
    assert set(method.state_dict()) == before | {"base_head.weight", "base_head.bias"}
    method.end_training()
    assert set(method.state_dict()) == before
