"""The five losses: known values, and gradients that stay finite where formulas do not."""

import math

import pytest
import torch
from torch import Tensor, nn

from mlcore.errors import ConfigError
from mlcore.faces.config import (
    FACE_LOSSES,
    ArcFaceConfig,
    ContrastiveConfig,
    CosFaceConfig,
    SphereFaceConfig,
    TripletConfig,
)
from mlcore.faces.training.losses import build_loss

HOLD_WEIGHTS = ("sphereface", "cosface", "arcface")
LABELS = torch.tensor([0, 0, 1, 1])


def at(*degrees: float) -> Tensor:
    """Return unit vectors at angles in a plane."""
    angles = torch.tensor(degrees).deg2rad()
    return torch.stack([angles.cos(), angles.sin()], 1).requires_grad_()


def build(name: str, n_people: int = 2, size: int = 2) -> nn.Module:
    torch.manual_seed(0)
    return build_loss(name, FACE_LOSSES[name].config(), n_people=n_people, embedding_size=size)  # type: ignore[call-arg]


def with_directions(loss: nn.Module, *degrees: float) -> nn.Module:
    """Set the direction of each person."""
    loss.W.data = at(*degrees).detach().T.contiguous()
    return loss


def test_contrastive_loss_worked_by_hand() -> None:
    loss = build_loss("contrastive", ContrastiveConfig(margin=1.0), n_people=2, embedding_size=2)
    # Two people, 60 degrees apart by pairs: distances are chords, 2 sin(angle / 2).
    embeddings = at(0, 60, 90, 90)
    own = (2 * math.sin(math.radians(30))) ** 2  # of the first person; the second's pictures are identical
    near = (1 - 2 * math.sin(math.radians(15))) ** 2  # 60 to 90 degrees; 0 to 90 is beyond the margin
    assert loss(embeddings, LABELS).item() == pytest.approx(own + near, rel=1e-4)


def test_triplet_loss_takes_semi_hard_ones_alone() -> None:
    loss = build_loss("triplet", TripletConfig(margin=0.2), n_people=2, embedding_size=2)
    near, far = 2 - 2 * math.cos(math.radians(60)), 2 - 2 * math.cos(math.radians(65))
    # Only for the picture at 0 degrees is a stranger, at 65, a little further than its own, at 60.
    value = loss(at(0, 60, -120, -65), LABELS)
    assert 0 < far - near < 0.2
    assert value.item() == pytest.approx(0.2 - (far - near), rel=1e-4)
    assert loss(at(0, 90, 10, 80), LABELS).item() == 0  # all are hard


def test_cosface_subtracts_its_margin_from_the_cosine() -> None:
    config = CosFaceConfig(margin=0.35, scale=10)
    loss = with_directions(build_loss("cosface", config, n_people=2, embedding_size=2), 0, 90)
    expected = -torch.tensor([10 * (0.5 - 0.35), 10 * math.sqrt(0.75)]).log_softmax(0)[0]
    assert loss(at(60), LABELS[:1]).item() == pytest.approx(expected.item(), rel=1e-4)
    assert loss(7 * at(60), LABELS[:1]).item() == pytest.approx(expected.item(), rel=1e-4)  # lengths do not count


def test_arcface_adds_its_margin_to_the_angle() -> None:
    config = ArcFaceConfig(margin=0.5, scale=10)
    loss = with_directions(build_loss("arcface", config, n_people=2, embedding_size=2), 0, 90)
    expected = -torch.tensor([10 * math.cos(math.radians(60) + 0.5), 10 * math.sqrt(0.75)]).log_softmax(0)[0]
    assert loss(at(60), LABELS[:1]).item() == pytest.approx(expected.item(), rel=1e-4)


def test_sphereface_multiplies_the_angle() -> None:
    loss = with_directions(build_loss("sphereface", SphereFaceConfig(margin=4), n_people=2, embedding_size=2), 0, 90)
    length, angle = 3.0, 20.0
    own, other = math.cos(math.radians(4 * angle)), math.cos(math.radians(90 - angle))
    expected = -torch.tensor([length * own, length * other]).log_softmax(0)[0]
    assert loss(length * at(angle), LABELS[:1]).item() == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize("name", FACE_LOSSES)
@pytest.mark.parametrize(
    "embeddings",
    [
        pytest.param(at(0, 0, 0, 0), id="identical"),
        pytest.param(at(0, 180, 0, 180), id="opposite"),
        pytest.param(torch.zeros(4, 2), id="zero"),
        pytest.param(at(90, 90, 0, 0), id="at the other person's direction"),
        pytest.param(1e4 * at(10, 20, 30, 40), id="long"),
    ],
)
def test_gradients_stay_finite_wherever_embeddings_lie(name: str, embeddings: Tensor) -> None:
    loss = build(name)
    if name in HOLD_WEIGHTS:
        with_directions(loss, 0, 90)
    leaf = embeddings.detach().clone().requires_grad_()
    value = loss(leaf, LABELS)
    value.backward()
    assert value.isfinite()
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in loss.parameters())


@pytest.mark.parametrize("beyond", [-1e-4, -1e-7, 0.0, 1e-7, 1e-4])
def test_the_gradient_of_arcface_stays_finite_around_its_margin(beyond: float) -> None:
    """Beyond the angle pi - margin, ArcFace goes on along another curve."""
    loss = with_directions(build_loss("arcface", ArcFaceConfig(margin=0.5), n_people=2, embedding_size=2), 0, 90)
    embeddings = at(math.degrees(math.pi - 0.5 + beyond))
    leaf = embeddings.detach().requires_grad_()
    loss(leaf, LABELS[:1]).backward()
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()
    assert leaf.grad.abs().sum() > 0


def test_the_gradient_of_arcface_is_near_the_direction_what_it_is_a_little_further() -> None:
    loss = with_directions(build_loss("arcface", ArcFaceConfig(scale=1), n_people=2, embedding_size=2), 0, 90)
    sizes = []
    for angle in (0.5, 1.0, 2.0):
        leaf = at(angle).detach().requires_grad_()
        loss(leaf, LABELS[:1]).backward()
        assert leaf.grad is not None
        sizes.append(leaf.grad.norm().item())
    assert max(sizes) < 1.2 * min(sizes)


@pytest.mark.parametrize("name", FACE_LOSSES)
def test_losses_that_hold_weights_hold_one_direction_a_person(name: str) -> None:
    shapes = [tuple(weight.shape) for weight in build(name, n_people=5, size=8).parameters()]
    assert shapes == ([(8, 5)] if name in HOLD_WEIGHTS else [])


@pytest.mark.parametrize(
    ("config", "values"),
    [
        (ContrastiveConfig, {"margin": 0}),
        (TripletConfig, {"margin": -1}),
        (SphereFaceConfig, {"margin": 2.5}),
        (CosFaceConfig, {"scale": 0}),
        (ArcFaceConfig, {"margin": 1.6}),
    ],
)
def test_a_setting_out_of_range_is_named(config: type, values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(values))} is .*; it must be"):
        config(**values)
