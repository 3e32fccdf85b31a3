"""Checkpoints: what is missing, damaged or foreign is refused in words."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mlcore.checkpoints.card import CARD_FILE, WEIGHTS_FILE, ModelCard
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from mlcore.checkpoints.lineage import ancestors_for_card, lessons, listed
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


def again(folder: Path, **changes: Any) -> ModelCard:
    """Save a checkpoint once more with another card, and return the card of what is loaded then."""
    method = load_checkpoint(folder)
    save_checkpoint(folder, method, replace(ModelCard.read(folder), **changes))
    loaded = load_checkpoint(folder).card
    assert loaded is not None
    return loaded


def test_a_checkpoint_that_learned_from_many_classes_from_others_that_did_can_be_loaded(folder: Path) -> None:
    names = [f"{n} {'x' * 150}" for n in range(10_000)]
    card = ModelCard.read(folder)
    for generation in range(4):
        data = {"name": f"plants {generation}", "split": "train", "class_names": listed(names)}
        card = again(folder, data=data, training={"ancestors": ancestors_for_card(card)})
    assert [lesson.class_names is None for lesson in lessons(card)] == [False, False, False, True, True]
    assert (folder / CARD_FILE).stat().st_size < 9 * 2**20


def test_a_checkpoint_of_a_long_line_can_be_loaded_and_its_last_ancestor_may_have_seen_anything(folder: Path) -> None:
    data = {"name": "plants", "split": "train", "class_names": ["oak"]}
    far = [{"name": f"number {n}", "digest": "", "data": data} for n in range(150)]
    card = again(folder, data=data, training={"ancestors": far})
    card = again(folder, data=data, training={"ancestors": ancestors_for_card(card)})
    assert [lesson.is_unknown for lesson in lessons(card)] == [False] * 100 + [True]


@pytest.mark.parametrize("name", ["x" * 1001, "half \ud800", "nul \0"])
def test_class_names_that_no_card_holds_are_unknown(folder: Path, name: str) -> None:
    assert listed(["oak", name]) is None
    assert again(folder, data={"class_names": listed(["oak", name])}).data == {"class_names": None}
    assert listed(["oak", "x" * 1000]) == ["oak", "x" * 1000]


def test_free_text_of_any_make_leaves_a_card_that_can_be_read(folder: Path) -> None:
    card = again(folder, notes="an error of \ud800 and \0: " + "x" * 9000, command="mlcore train " + "x" * 30_000)
    assert card.notes.startswith("an error of  and : xxx")
    assert (len(card.notes), card.command) == (4000, "")
    rewrite_card(folder, notes="y" * 9000)  # as earlier versions wrote it
    assert ModelCard.read(folder).notes == "y" * 4000


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": ""}, "name"),
        ({"temperature": float("nan")}, "temperature"),
        ({"data": {"name": "\ud800"}}, "data.name"),
    ],
)
def test_a_card_that_nobody_could_read_is_refused_before_anything_is_written(
    folder: Path, changes: dict[str, Any], place: str
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(CheckpointError, match=f"the card cannot be used: {place} is "):
        again(folder, **changes)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_name_that_is_no_checkpoint_lists_what_ships() -> None:
    with pytest.raises(CheckpointError, match=r"folder with a card\.json"):
        find_checkpoint("nowhere")
