"""The models that ship answer as recorded, on whichever CPU and with however many threads."""

from __future__ import annotations

import pytest

from mlcore.checkpoints.card import pretrained_cards
from tests.unchanged import answers, recordings
from tests.unchanged.recordings import Rows

RECORDED = recordings.read("answers")


def check(name: str, recorded: Rows, current: Rows) -> None:
    """Fail with both, and with what to do, unless they agree."""
    assert recordings.agree(recorded, current), "\n".join(
        [f"{name} answers otherwise than recorded:", *map(str, recorded), "now", *map(str, current), recordings.REMEDY]
    )


def test_every_checkpoint_that_ships_is_recorded() -> None:
    assert sorted(RECORDED) == sorted(pretrained_cards()), recordings.REMEDY


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_checkpoint_that_ships_answers_as_recorded(name: str) -> None:
    check(name, RECORDED[name], answers.answer(name))


def test_the_default_face_embedder_embeds_as_recorded() -> None:
    recorded, current = recordings.read("face_embeddings"), answers.face_embeddings()
    for part in sorted(recorded.keys() | current.keys()):
        check(f"face embedder, {part}", recorded[part], current[part])
