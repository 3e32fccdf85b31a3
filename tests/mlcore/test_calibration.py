"""Temperature and calibration error on cases with known answers."""

import pytest
import torch

from mlcore.calibration import best_temperature
from mlcore.evaluation import expected_calibration_error


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
