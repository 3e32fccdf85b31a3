"""Which checkpoints there are."""

from __future__ import annotations

from webapp.checkpoints.models import Checkpoint

from .belongings import checkpoint
from .client import ApiClient


def test_checkpoints_are_listed_with_their_cards(api: ApiClient, characters: Checkpoint) -> None:
    body = api.get("/checkpoints").json()
    assert body["count"] == Checkpoint.objects.count()
    listed = next(checkpoint for checkpoint in body["items"] if checkpoint["name"] == "characters")
    assert listed["id"] == str(characters.id)
    assert listed["kind"] == "characters"
    assert listed["method"] == "prototypical"
    assert listed["live"] is True
    assert listed["card"] == characters.card


def test_those_that_are_not_live_are_listed_too(api: ApiClient, characters: Checkpoint) -> None:
    checkpoint("characters-maml", live=False)
    checkpoints = api.get("/checkpoints").json()["items"]
    names = [checkpoint["name"] for checkpoint in checkpoints if checkpoint["kind"] == "characters"]
    assert names == ["characters", "characters-maml"]
