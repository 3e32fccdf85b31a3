"""Which checkpoints there are, and how much of their cards is for everybody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from mlcore.checkpoints.card import ModelCard
from tests.checkpoints.candidates import candidate
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint

from .belongings import checkpoint
from .client import ApiClient

SECRET = "/srv/private/Ada"
"""What stands on a card wherever it tells of the machine or of pictures."""
PRIVATE = {
    "command": f"python -m mlcore train --data-root {SECRET}",
    "notes": SECRET,
    "data": {"name": SECRET, "class_names": [SECRET], "folder": SECRET},
    "training": {"machine": SECRET, "ancestors": [{"name": "older", "digest": "", "data": {"class_names": [SECRET]}}]},
    "packages": {SECRET: {}},
}
MEASURED = {"dataset": "signs", "protocol": "5-way 1-shot", "accuracy": 0.9, "ci95": 0.01}


def listed(api: ApiClient) -> dict[str, Any]:
    """Return the listed checkpoints by their names."""
    return {checkpoint["name"]: checkpoint for checkpoint in api.get("/checkpoints", limit=100).json()["items"]}


def publish(checkpoint: Checkpoint) -> None:
    by = User.objects.filter(is_staff=True).first() or User.objects.create_superuser("sue")
    checkpoints.publish(checkpoint=checkpoint, by=by, reason="It is for a test.")


def test_checkpoints_are_listed_with_what_their_cards_say_for_everybody(api: ApiClient, characters: Checkpoint) -> None:
    shown = listed(api)["characters"]
    assert shown["id"] == str(characters.id)
    assert (shown["kind"], shown["method"], shown["live"]) == ("characters", "prototypical", True)
    card = {name: value for name, value in shown["card"].items() if name != "results"}
    assert card == {name: characters.card[name] for name in card}
    for result, measured in zip(shown["card"]["results"], characters.card["results"], strict=True):
        assert {name: result[name] for name in measured if name != "command"} == {
            name: value for name, value in measured.items() if name != "command"
        }


def test_those_that_ship_are_listed_though_they_are_not_live(api: ApiClient, characters: Checkpoint) -> None:
    checkpoint("characters-maml", live=False)
    kinds = [shown["name"] for shown in api.get("/checkpoints").json()["items"] if shown["kind"] == "characters"]
    assert kinds == ["characters", "characters-maml"]


def test_what_was_taken_in_is_listed_once_it_is_published(api: ApiClient, characters: Checkpoint) -> None:
    first, second = candidate("first"), candidate("second")
    assert not {"first", "second"} & listed(api).keys()
    publish(first)
    assert listed(api)["first"]["live"] is True
    publish(second)
    assert [listed(api)[name]["live"] for name in ("first", "second")] == [False, True]
    assert api.get("/checkpoints").json()["count"] == len(listed(api)) == Checkpoint.objects.count()


def test_no_path_no_command_and_no_class_of_a_data_set_leaves_a_card(api: ApiClient, characters: Checkpoint) -> None:
    publish(candidate("mine", **PRIVATE, results=[{**MEASURED, "command": SECRET, "class_names": [SECRET]}]))
    mine = listed(api)["mine"]
    assert mine["card"]["results"][0]["accuracy"] == MEASURED["accuracy"]
    assert SECRET not in json.dumps(mine)


def test_every_field_of_a_card_is_either_for_everybody_or_not(api: ApiClient, characters: Checkpoint) -> None:
    assert listed(api)["characters"]["card"].keys() == ModelCard.__dataclass_fields__.keys() - PRIVATE.keys()


@pytest.mark.parametrize("results", [[1, "x", None], {"accuracy": 1}, [{"accuracy": "x"}], [{"steps": 0.5}]])
def test_one_damaged_card_keeps_nobody_from_the_others(api: ApiClient, characters: Checkpoint, results: Any) -> None:
    Checkpoint.objects.filter(pk=characters.pk).update(card={**characters.card, "results": results})
    checkpoint("characters-maml", live=False)
    shown = listed(api)["characters"]
    assert (shown["card"], shown["method"], shown["live"]) == (None, "", True)
    assert listed(api)["characters-maml"]["card"]["name"] == "characters-maml"
