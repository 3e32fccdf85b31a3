"""Shipped checkpoints are registered once, and found by kind, name or id."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from mlcore.checkpoints.card import ModelCard, pretrained_cards
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.cards import readable
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.services import registry

pytestmark = pytest.mark.django_db
CARD = ModelCard(
    name="characters", kind="characters", method="prototypical", config={}, transform="characters", digest="1"
)


@pytest.fixture
def ship(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModelCard]:
    """Return the shipped cards by folder; change it to ship something else."""
    cards = {"characters": CARD}
    monkeypatch.setattr(registry, "pretrained_cards", lambda: cards)
    return cards


def test_what_ships_is_registered_live_and_only_once(ship: dict[str, ModelCard]) -> None:
    for _ in range(2):
        call_command("sync_checkpoints", verbosity=0)
    row = Checkpoint.objects.get()
    assert (row.name, row.kind, row.digest, row.live) == ("characters", "characters", "1", True)
    assert row.card["transform"] == "characters"


def test_new_weights_get_a_row_of_their_own_and_go_live(ship: dict[str, ModelCard]) -> None:
    old = checkpoints.sync_shipped()[0]
    ship["characters"] = replace(CARD, digest="2")
    new = checkpoints.sync_shipped()[0]
    old.refresh_from_db()
    assert (new.name, new.live) == ("characters", True)
    assert old.name.startswith("characters-")
    assert not old.live


@pytest.mark.parametrize("card", pretrained_cards().values(), ids=lambda card: str(card.name))
def test_the_settings_on_a_card_are_in_words(card: ModelCard) -> None:
    settings = {setting.label: setting.value for setting in readable(card.to_dict()).settings}
    assert settings["Backbone"] == card.config["backbone"]["name"].replace("_", " ")
    assert [label for label in settings if re.search(r"[_.]|^[a-z]", label)] == []


def test_one_that_someone_published_stays_live(ship: dict[str, ModelCard]) -> None:
    Checkpoint.objects.create(name="better", kind="characters", folder="b", card={}, digest="9", live=True)
    shipped = checkpoints.sync_shipped()[0]
    assert not shipped.live
    assert checkpoints.find_checkpoint(name="characters").name == "better"  # type: ignore[union-attr]


def test_only_the_one_named_like_its_kind_goes_live_by_itself(ship: dict[str, ModelCard]) -> None:
    ship.clear()
    ship["characters-maml"] = replace(CARD, name="characters-maml", digest="2")
    assert [row.live for row in checkpoints.sync_shipped()] == [False]
    ship["characters"] = CARD
    assert {row.name: row.live for row in checkpoints.sync_shipped()} == {"characters-maml": False, "characters": True}


def test_a_shipped_one_that_someone_published_stays_live_with_new_weights(ship: dict[str, ModelCard]) -> None:
    ship["characters-maml"] = replace(CARD, name="characters-maml", digest="2")
    checkpoints.sync_shipped()
    Checkpoint.objects.filter(live=True).update(live=False)
    Checkpoint.objects.filter(name="characters-maml").update(live=True)
    ship["characters-maml"] = replace(CARD, name="characters-maml", digest="3")
    checkpoints.sync_shipped()
    assert Checkpoint.objects.get(name="characters-maml", digest="3").live
    assert Checkpoint.objects.live().count() == 1


def test_weights_that_come_back_take_their_name_and_place_again(ship: dict[str, ModelCard]) -> None:
    first = checkpoints.sync_shipped()[0]
    ship["characters"] = replace(CARD, digest="2")
    second = checkpoints.sync_shipped()[0]
    ship["characters"] = CARD
    assert checkpoints.sync_shipped()[0] == first
    second.refresh_from_db()
    first.refresh_from_db()
    assert (first.name, first.live, first.is_replaced) == ("characters", True, False)
    assert (second.live, second.is_replaced) == (False, True)


def test_a_kind_has_one_live_checkpoint_at_most(ship: dict[str, ModelCard]) -> None:
    checkpoints.sync_shipped()
    with pytest.raises(IntegrityError):
        Checkpoint.objects.create(name="other", kind="characters", folder="b", card={}, digest="9", live=True)


def test_a_checkpoint_is_found_by_kind_name_or_id(ship: dict[str, ModelCard]) -> None:
    live = checkpoints.sync_shipped()[0]
    other = Checkpoint.objects.create(name="other", kind="characters", folder="b", card={}, digest="9")
    for name, expected in (
        ("characters", live),
        ("other", other),
        (str(other.pk), other),
        ("photos", None),
        ("", None),
    ):
        assert checkpoints.find_checkpoint(name=name) == expected
    assert checkpoints.valid_names() == ["characters", "other"]


def test_every_name_that_is_called_valid_is_found(ship: dict[str, ModelCard]) -> None:
    checkpoints.sync_shipped()
    Checkpoint.objects.create(name="leaves-1", kind="leaves", folder="l", card={}, digest="9", live=True)
    Checkpoint.objects.filter(name="characters").update(live=False)
    assert checkpoints.valid_names() == ["leaves", "characters", "leaves-1"]
    assert all(checkpoints.find_checkpoint(name=name) for name in checkpoints.valid_names())
