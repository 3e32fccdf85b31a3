"""What is usual was measured of the very checkpoints that ship: whoever changes one measures anew."""

from __future__ import annotations

import pytest

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import find_checkpoint
from mlcore.errors import CheckpointError
from mlcore.evaluation.norms import norms_of


@pytest.mark.parametrize("kind", ["photos", "characters"])
def test_norms_are_of_the_checkpoint_that_ships(kind: str) -> None:
    norms, card = norms_of(kind), ModelCard.read(find_checkpoint(kind))
    measured = (norms.checkpoint, norms.backbone, norms.digest)
    assert measured == (card.name, card.config["backbone"], card.digest), f"measure anew: {norms.command}"


def test_a_kind_that_nobody_measured_is_refused_with_what_to_do() -> None:
    with pytest.raises(CheckpointError, match=r"not measured for 'faces'.*benchmarks\.doctor --measure"):
        norms_of("faces")
