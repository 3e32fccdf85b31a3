"""Which checkpoints there are."""

from __future__ import annotations

from webapp.training.models import Checkpoint

from .client import ApiClient


def test_checkpoints_are_listed_with_their_cards(api: ApiClient, characters: Checkpoint) -> None:
    body = api.get("/checkpoints").json()
    assert body["count"] == Checkpoint.objects.count()
    listed = next(each for each in body["items"] if each["name"] == "characters")
    assert listed["id"] == str(characters.id)
    assert listed["kind"] == "characters"
    assert listed["live"] is True
    assert listed["card"] == characters.card
