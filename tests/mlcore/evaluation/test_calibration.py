"""Temperature and calibration error on cases with known answers."""

import pytest
import torch

from mlcore.checkpoints.card import ModelCard
from mlcore.config import BackboneConfig
from mlcore.data.datasets.base import PictureDataset
from mlcore.evaluation.calibration import best_temperature, fit_temperature
from mlcore.evaluation.episodes import expected_calibration_error
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods.prototypical import Prototypical


def test_the_temperature_that_made_the_labels_is_found_again() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20_000, 5, generator=generator) * 3
    labels = torch.multinomial((logits * 0.4).softmax(-1), 1, generator=generator)[:, 0]
    assert best_temperature(logits, labels) == pytest.approx(0.4, abs=0.02)


def test_calibration_error_worked_by_hand() -> None:
    probabilities = torch.tensor([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.35, 0.65]])
    labels = torch.tensor([0, 1, 1, 1])
    # Two answers at 0.95, half of them right; two at 0.65, all right: (0.45 * 2 + 0.35 * 2) / 4.
    assert expected_calibration_error(probabilities, labels) == pytest.approx(0.4)


def test_certain_and_right_is_perfectly_calibrated() -> None:
    assert expected_calibration_error(torch.eye(4), torch.arange(4)) == 0


def test_the_temperature_grows_with_the_pictures_that_embeddings_are_averaged_over() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(6, 8, generator=generator)
    labels = torch.arange(6).repeat_interleave(20)
    features = centres[labels] + 1.5 * torch.randn(120, 8, generator=generator)
    dataset = PictureDataset(
        name="drawn",
        split="val",
        images=torch.zeros(120, 1, 1, 1, dtype=torch.uint8),
        labels=labels,
        class_names=tuple("abcdef"),
    )
    method = Prototypical(PrototypicalConfig(backbone=BackboneConfig(image_size=16, width=2))).eval()
    card = ModelCard(name="c", kind="photos", method="prototypical", config={}, transform="photos")
    with torch.no_grad():
        fitted = fit_temperature(method, card, dataset, features, seed=0)
    assert fitted.temperature_growth > 0.1
    assert fitted.temperature_of([5] * 5) > fitted.temperature_of([1] * 5)
