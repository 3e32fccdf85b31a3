"""Checkpoints: what is missing, damaged or foreign is refused in words."""

import json
from pathlib import Path

import pytest
import torch

from mlcore.checkpoints.card import CARD_FILE, WEIGHTS_FILE, ModelCard
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.errors import CheckpointError
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = PrototypicalConfig(backbone=BackboneConfig(image_size=16, width=4))
    card = ModelCard(
        name="tiny", kind="characters", method="prototypical", config=config.to_dict(), transform="characters"
    )
    save_checkpoint(tmp_path, build_method("prototypical", config), card)
    return tmp_path


def rewrite_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / CARD_FILE).read_text())
    (folder / CARD_FILE).write_text(json.dumps({**card, **changes}))


def test_saving_fills_in_the_digest_and_the_parameters_and_leaves_no_other_file(folder: Path) -> None:
    card = ModelCard.read(folder)
    assert len(card.digest) == 64
    assert card.parameters == sum(parameter.numel() for parameter in load_checkpoint(folder).parameters())
    assert {path.name for path in folder.iterdir()} == {CARD_FILE, WEIGHTS_FILE}


def test_weights_that_are_not_the_cards_are_refused(folder: Path) -> None:
    rewrite_card(folder, digest="0" * 64)
    with pytest.raises(CheckpointError, match="SHA-256"):
        load_checkpoint(folder)


def test_damaged_or_pickled_weights_are_refused(folder: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, folder / WEIGHTS_FILE)
    with pytest.raises(CheckpointError, match="no readable weights"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "telepathy"}, "unknown method 'telepathy'"),
        ({"config": {"distance": "taxi"}}, "distance is 'taxi'"),
        ({"config": {"speed": 1}}, "speed is no setting"),
        (
            {"transform": "mine"},
            "card of tiny cannot be used: transform 'mine' is not known here; .* register_transform",
        ),
        ({"config": {"backbone": {"image_size": 4}}}, "image_size is 4"),
        ({"config": {"backbone": {"image_size": 16, "width": 8}}}, "does not fit its card"),
        ({"surprise": 1}, "unknown field 'surprise'"),
    ],
)
def test_a_card_that_cannot_be_right_is_refused(folder: Path, changes: dict[str, object], message: str) -> None:
    rewrite_card(folder, **changes)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": "x"}'])
def test_an_unreadable_card_is_refused(folder: Path, text: str) -> None:
    (folder / CARD_FILE).write_text(text)
    with pytest.raises(CheckpointError):
        ModelCard.read(folder)


def test_a_name_that_is_no_checkpoint_lists_what_ships() -> None:
    with pytest.raises(CheckpointError, match=r"folder with a card\.json"):
        find_checkpoint("nowhere")
