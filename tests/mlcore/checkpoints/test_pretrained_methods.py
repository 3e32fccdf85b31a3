"""The checkpoints that ship for every method: what their cards say, and that each adapts to unequal shots."""

import pytest
import torch

from mlcore.backbones.pretrained import pretrained_in
from mlcore.checkpoints.card import PRETRAINED, WEIGHTS_FILE, ModelCard, pretrained_cards
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.data.episode import LabeledSet
from mlcore.data.images import find_transform
from mlcore.method_config import METHODS

CARDS = pretrained_cards()
LETTERS = {name: card for name, card in CARDS.items() if card.kind == "characters"}
PHOTOS = {name: card for name, card in CARDS.items() if card.kind == "photos"}
MOST_BYTES = 2 * 2**20
BARS = {
    **dict.fromkeys(["maml", "meta_sgd", "maml_plus_plus", "matching", "relation"], 0.97),
    **dict.fromkeys(["fomaml", "anil", "reptile", "siamese"], 0.95),
}


def accuracy(card: ModelCard, protocol: str) -> float:
    """Give a figure of the card on the evaluation alphabets, and be sure that it has an interval and a command."""
    [row] = [row for row in card.results if row["protocol"] == protocol]
    assert row["ci95"] > 0
    assert row["command"]
    found: float = row["accuracy"]
    return found


@pytest.mark.parametrize("cards", [LETTERS, PHOTOS], ids=["letters", "photos"])
def test_every_method_ships_for_both_kinds(cards: dict[str, ModelCard]) -> None:
    assert {card.method for card in cards.values()} == set(METHODS)


@pytest.mark.parametrize("name", sorted(set(LETTERS) - {"characters"}))
def test_a_checkpoint_for_letters_is_small_and_learned_from_the_background_alone(name: str) -> None:
    card = LETTERS[name]
    assert (PRETRAINED / name / WEIGHTS_FILE).stat().st_size <= MOST_BYTES
    assert card.data["name"] == "omniglot"
    assert card.data["split"] == "background_train"
    assert card.data["validation_split"] == "background_val"
    assert card.licence == "MIT"
    assert "Omniglot" in card.credit


@pytest.mark.parametrize("name", sorted(set(LETTERS) - {"characters"}))
def test_a_checkpoint_for_letters_reaches_its_bar_and_loses_little_by_answering_alone(name: str) -> None:
    card = LETTERS[name]
    inductive = accuracy(card, "5-way 1-shot")
    assert inductive >= BARS.get(card.method, 0.9)
    assert inductive >= accuracy(card, "5-way 1-shot, transductive") - 0.01
    for protocol in ("20-way 1-shot", "20-way 1-shot, one alphabet, one drawer"):
        assert 0.5 < accuracy(card, protocol) < 1


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_shipped_checkpoint_adapts_to_classes_of_unequal_shots(name: str) -> None:
    """Photos are tried from their backbone's inputs on, which cost the most time and are tested by themselves."""
    method = load_checkpoint(PRETRAINED / name)
    generator = torch.Generator().manual_seed(0)
    if any(pretrained_in(method)):
        shape = method.backbone.map_shape if method.backbone.is_map else (method.embedding_size,)
        inputs = torch.nn.functional.normalize(torch.rand(7, *shape, generator=generator), dim=1)
    else:
        size = find_transform(CARDS[name].transform).size
        inputs = torch.rand(7, 1, size, size, generator=generator)
    support = LabeledSet(method.features_of(inputs), torch.tensor([0, 1, 1, 1, 2, 2, 2]))
    probabilities = method.adapt_features(support).probabilities_of(support.images)
    assert probabilities.shape == (7, 3)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(7))
