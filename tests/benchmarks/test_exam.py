"""What exams share: paired differences, and figures that take the place of older ones on a card."""

from pathlib import Path

import pytest
import torch

from benchmarks.exam import add_results, difference
from mlcore.evaluation import Evaluation
from mlcore.model_card import CARD_FILE, ModelCard


def found(*accuracies: float) -> Evaluation:
    return Evaluation(0.0, 0.0, 0.0, 0.0, len(accuracies), torch.tensor(accuracies, dtype=torch.float64))


def test_a_difference_is_paired_over_the_episodes_that_both_had() -> None:
    mean, half = difference(found(0.9, 0.8, 1.0), found(0.7, 0.8, 0.9, 0.0, 0.0))
    assert mean == pytest.approx(0.1)
    assert half == pytest.approx(1.96 * 0.1 / 3**0.5)


def test_a_figure_takes_the_place_of_the_older_one_and_leaves_the_others(tmp_path: Path) -> None:
    def row(dataset: str, protocol: str, accuracy: float) -> dict[str, object]:
        return {"dataset": dataset, "protocol": protocol, "accuracy": accuracy}

    old = [row("a", "5-way 1-shot", 0.1), row("a", "5-way 5-shot", 0.2), row("b", "5-way 1-shot", 0.3)]
    card = ModelCard(name="x", kind="photos", method="maml", config={}, transform="photos", results=old)
    (tmp_path / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    add_results(tmp_path, [row("a", "5-way 1-shot", 0.9)])
    assert ModelCard.read(tmp_path).results == [row("a", "5-way 1-shot", 0.9), *old[1:]]
