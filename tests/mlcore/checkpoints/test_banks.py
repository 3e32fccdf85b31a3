"""The bank of other pictures that a checkpoint tells strangers by: the one that ships, or a refusal."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mlcore.checkpoints.banks import Bank, bank_for, read_bank
from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.errors import CheckpointError
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.method_config.relation import RelationConfig

PHOTOS = BackboneConfig(name="efficientnet_lite2", in_channels=3, image_size=448)


def test_the_shipped_photos_know_the_pictures_of_the_bank() -> None:
    method = load_checkpoint(find_checkpoint("photos"))
    bank = read_bank("efficientnet_lite2")
    assert method.bank is not None
    assert method.bank.images.shape == bank.inputs.shape
    assert len(bank.class_names) == int(bank.labels.max()) + 1
    torch.testing.assert_close(bank.inputs.norm(dim=1), torch.ones(len(bank.labels)), atol=2e-3, rtol=0)


def test_networks_that_are_trained_and_those_that_compare_maps_have_none() -> None:
    assert bank_for(PrototypicalConfig(backbone=BackboneConfig(name="conv4"))) is None
    assert bank_for(RelationConfig(backbone=PHOTOS)) is None
    assert bank_for(PrototypicalConfig(backbone=PHOTOS)) is not None


def test_classes_that_are_left_out_take_their_pictures_along() -> None:
    bank = Bank("b", torch.arange(8.0).reshape(4, 2), torch.tensor([0, 0, 1, 2]), ("ant", "bee", "cat"))
    left = bank.without({"bee", "dog"})
    assert left is not None
    assert (left.labels.tolist(), left.class_names) == ([0, 0, 1], ("ant", "cat"))
    assert bank.without({"ant", "bee", "cat"}) is None


@pytest.mark.parametrize(
    "named", [{"bank": "../../secret"}, {"bank": "efficientnet_lite0"}, {"bank_digest": "0" * 64}], ids=str
)
def test_a_card_that_names_another_bank_is_refused(named: dict[str, str], tmp_path: Path) -> None:
    method = load_checkpoint(find_checkpoint("photos"))
    assert method.card is not None
    save_checkpoint(tmp_path, method, replace(method.card, familiarity={**method.card.familiarity, **named}))
    with pytest.raises(CheckpointError, match="another bank"):
        load_checkpoint(tmp_path)


def test_a_damaged_bank_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "efficientnet_lite2.safetensors").write_bytes(b"nothing")
    monkeypatch.setattr("mlcore.checkpoints.banks.BANKS", tmp_path)
    read_bank.cache_clear()
    with pytest.raises(CheckpointError, match="install mlcore anew"):
        read_bank("efficientnet_lite2")
    read_bank.cache_clear()
