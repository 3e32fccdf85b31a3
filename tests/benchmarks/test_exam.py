"""What exams share: figures that take the place of older ones on a card."""

from pathlib import Path

from benchmarks.exam import add_results
from mlcore.checkpoints.card import CARD_FILE, ModelCard


def test_a_figure_takes_the_place_of_the_older_one_and_leaves_the_others(tmp_path: Path) -> None:
    def row(dataset: str, protocol: str, accuracy: float) -> dict[str, object]:
        return {"dataset": dataset, "protocol": protocol, "accuracy": accuracy}

    old = [row("a", "5-way 1-shot", 0.1), row("a", "5-way 5-shot", 0.2), row("b", "5-way 1-shot", 0.3)]
    card = ModelCard(name="x", kind="photos", method="maml", config={}, transform="photos", results=old)
    (tmp_path / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    add_results(tmp_path, [row("a", "5-way 1-shot", 0.9)])
    assert ModelCard.read(tmp_path).results == [row("a", "5-way 1-shot", 0.9), *old[1:]]
