"""Training a face embedding: what batches hold, what is learned, and that a broken run goes on as if it were not."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mlcore.errors import ConfigError, DatasetError
from mlcore.faces.config import FACE_LOSSES, FaceNetworkConfig, FaceTrainingConfig
from mlcore.faces.embedding.mobilefacenet import MobileFaceNet
from mlcore.faces.training.face_training import FaceTraining, PeopleSampler, augment, build_network
from mlcore.faces.training.losses import build_loss
from mlcore.training.state import TrainingState
from tests.mlcore.faces.people import people

SMALL = FaceNetworkConfig(width=8, embedding_size=16)


def run(loss: str = "arcface", **settings: Any) -> FaceTraining:
    """Make a short run on patterns."""
    config = FaceTrainingConfig(
        **{"steps": 4, "people_per_step": 4, "pictures_per_person": 2, "validate_every": 2, "save_every": 1, **settings}
    )
    torch.manual_seed(config.seed)
    faces = people(5, seed=0)
    built = build_loss(loss, FACE_LOSSES[loss].config(), n_people=5, embedding_size=16)  # type: ignore[call-arg]
    return FaceTraining(
        build_network(SMALL), built, faces, config=config, validation=people(4, seed=1), device=torch.device("cpu")
    )


def silent(event: dict[str, float]) -> None:
    """Report to nobody."""


def test_mobilefacenet_has_the_published_size() -> None:
    network = MobileFaceNet(FaceNetworkConfig())
    assert sum(weight.numel() for weight in network.parameters()) == 1_003_136
    assert network(torch.zeros(2, 3, 112, 112)).shape == (2, 128)


def test_one_picture_alone_is_embedded_as_among_others() -> None:
    torch.manual_seed(0)
    network = build_network(SMALL)
    faces = torch.rand(5, 3, 112, 112) * 255
    network.train()
    network(faces)
    network.eval()
    assert torch.allclose(network(faces[:1]), network(faces)[:1], atol=1e-5)


def test_a_batch_holds_several_pictures_of_each_of_several_people() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3])
    sampler = PeopleSampler(labels, FaceTrainingConfig(people_per_step=3, pictures_per_person=3))
    for _ in range(10):
        rows = sampler.draw()
        drawn = labels[rows].reshape(3, 3)
        assert (drawn == drawn[:, :1]).all()
        assert len(drawn[:, 0].unique()) == 3
        for person, own in zip(drawn[:, 0].tolist(), rows.reshape(3, 3), strict=True):
            assert len(own.unique()) == min(3, int((labels == person).sum()))


def test_people_who_are_too_few_are_said_by_name_of_the_setting() -> None:
    with pytest.raises(ConfigError, match="people_per_step is 8, but the data set shows 2 people"):
        PeopleSampler(torch.tensor([0, 0, 1, 1]), FaceTrainingConfig())
    with pytest.raises(DatasetError, match="two pictures or more"):
        PeopleSampler(torch.tensor([0, 0, 1]), FaceTrainingConfig(people_per_step=2))


def test_changes_of_strength_zero_change_nothing() -> None:
    faces = torch.rand(3, 3, 16, 16) * 255
    generator = torch.Generator().manual_seed(0)
    assert torch.allclose(augment(faces, strength=0, generator=generator), faces, atol=1e-3)
    assert not torch.allclose(augment(faces, strength=1, generator=generator), faces, atol=1)


@pytest.mark.parametrize("loss", FACE_LOSSES)
def test_every_loss_trains_the_network_and_its_own_weights(loss: str) -> None:
    made = run(loss, steps=2)
    before = {name: weight.clone() for name, weight in made.module.named_parameters()}
    losses: list[dict[str, float]] = []
    made.run(losses.append)
    after = dict(made.module.named_parameters())
    moved = [name for name, weight in before.items() if not torch.equal(weight, after[name])]
    assert any(name.startswith("network.") for name in moved)
    assert ("loss.W" in moved) == ("loss.W" in before)
    assert 0 <= losses[-1]["accuracy"] <= 1


@pytest.mark.parametrize("loss", ["contrastive", "cosface"])
def test_the_people_of_the_training_are_learned(loss: str) -> None:
    made = run(loss, steps=60, validate_every=20, jitter=0.0, lr=3e-3)
    events: list[dict[str, float]] = []
    made.run(events.append)
    assert events[-1]["train_loss"] < 0.7 * events[0]["train_loss"]


def test_the_loss_is_taken_in_float32_while_the_network_computes_in_bfloat16() -> None:
    made = run(precision="bfloat16")
    seen: list[torch.dtype] = []

    class Watched(nn.Module):
        def forward(self, embeddings: Tensor, _labels: Tensor) -> Tensor:
            seen.append(embeddings.dtype)
            assert not torch.is_autocast_enabled("cpu")
            return embeddings.square().mean()

    made.loss = Watched()
    made.gather_gradients(0.0)
    assert seen == [torch.float32]


def test_a_broken_run_ends_in_the_weights_of_an_unbroken_one() -> None:
    unbroken = run()
    unbroken.run(silent)
    states: list[TrainingState] = []
    run().run(silent, states.append)
    torch.manual_seed(99)
    again = run()
    again.resume(states[1])
    assert again.step == 2
    again.run(silent)
    for name, tensor in unbroken.module.state_dict().items():
        assert torch.equal(tensor, again.module.state_dict()[name]), name
