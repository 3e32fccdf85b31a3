"""Telling strangers: what the card states is what happens, and where nothing can be told that is said."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mlcore.checkpoints.card import ModelCard
from mlcore.config import BackboneConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.errors import DatasetError
from mlcore.evaluation.calibration import NOT_TELLING, calibrate
from mlcore.evaluation.rejection import Meetings, auroc, fit_familiarity
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from mlcore.methods.base import FewShotMethod

SIZE = 64  # of an embedding of this network


@pytest.fixture
def method() -> FewShotMethod:
    torch.manual_seed(0)
    config = PrototypicalConfig(backbone=BackboneConfig(name="conv4", image_size=16, width=SIZE))
    return build_method("prototypical", config).eval().requires_grad_(False)


def classes(n_classes: int, *, n: int = 16, seed: int = 0) -> tuple[PictureDataset, Tensor]:
    """Return a data set and embeddings (n, 64) of its pictures, around a random direction for each class."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n_classes).repeat_interleave(n)
    centres = torch.randn(n_classes, SIZE, generator=generator)
    embeddings = centres[labels] + 1.2 * torch.randn(len(labels), SIZE, generator=generator)
    images = torch.zeros(len(labels), 1, 2, 2, dtype=torch.uint8)
    names = tuple(f"class {seed}-{label}" for label in range(n_classes))
    dataset = PictureDataset(name="blobs", split="all", images=images, labels=labels, class_names=names)
    return dataset, embeddings


def card() -> ModelCard:
    return ModelCard(name="blobs", kind="characters", method="prototypical", config={}, transform="characters")


def test_as_many_are_turned_away_as_the_card_states(method: FewShotMethod) -> None:
    told = fit_familiarity(method, card(), *classes(30), bank=None, seed=0, n_known=1500)
    method.card = told
    point = told.operating_point([5] * 5)
    assert point is not None
    dataset, features = classes(30, seed=1)
    met = Meetings(dataset, n_way=5, k_shot=5, bank=None, seed=2).draw(method, features, 60)
    known = torch.cat([one.classifier.familiarity_of(one.known.images) for one in met])
    strangers = torch.cat([one.classifier.familiarity_of(one.strangers) for one in met])
    refusal = point.refusal(0.05)
    assert (known < refusal.threshold).float().mean().item() == pytest.approx(0.05, abs=0.03)
    assert (strangers >= refusal.threshold).float().mean().item() == pytest.approx(refusal.passed, abs=0.1)
    assert auroc(known, strangers) == pytest.approx(point.auroc, abs=0.03)
    assert (strangers >= point.sure_above).float().mean().item() < 0.15


def test_a_stricter_rate_lets_fewer_strangers_through(method: FewShotMethod) -> None:
    told = fit_familiarity(method, card(), *classes(12), bank=None, seed=0, n_known=500)
    for n_way, k_shot in ((2, 1), (5, 5)):
        point = told.operating_point([k_shot] * n_way)
        assert point is not None
        passed = [refusal.passed for refusal in point.refusals]
        assert passed == sorted(passed, reverse=True)


def test_the_nearest_measured_task_is_taken(method: FewShotMethod) -> None:
    told = fit_familiarity(method, card(), *classes(12), bank=None, seed=0, n_known=100)
    for shots, expected in (([1, 1], (2, 1)), ([5] * 6, (5, 5)), ([9, 1, 1, 1], (5, 1)), ([50] * 40, (5, 5))):
        point = told.operating_point(shots)
        assert point is not None
        assert (point.n_way, point.k_shot) == expected


def test_too_few_validation_classes_are_said_on_the_card(method: FewShotMethod) -> None:
    with pytest.raises(DatasetError, match="four validation classes"):
        fit_familiarity(method, card(), *classes(3), bank=None, seed=0)
    dataset, features = classes(3)
    told = calibrate(method, card(), dataset, features, seed=0)
    assert told.familiarity == {}
    assert NOT_TELLING in told.notes
    assert told.temperature != 1
    assert calibrate(method, told, *classes(4), seed=0).notes == ""


def test_a_method_without_a_calibrated_card_says_nothing(method: FewShotMethod) -> None:
    dataset, features = classes(4)
    [met] = Meetings(dataset, n_way=2, k_shot=1, bank=None, seed=0).draw(method, features, 1)
    assert met.classifier.familiarity_of(features) is None
    method.card = card()
    assert met.classifier.familiarity_of(features) is None


def test_what_is_told_survives_the_card(method: FewShotMethod) -> None:
    told = fit_familiarity(method, card(), *classes(12), bank=None, seed=0, n_known=100)
    again = ModelCard.from_json(replace(told).to_json().encode())
    assert again.operating_point([1, 1]) == told.operating_point([1, 1])


def test_auroc_counts_pairs() -> None:
    known, strangers = torch.tensor([0.9, 0.5, 0.4]), torch.tensor([0.5, 0.1])
    assert auroc(known, strangers) == pytest.approx(4.5 / 6)
