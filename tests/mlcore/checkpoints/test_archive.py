"""A checkpoint in one zip: out and in again, and what is refused on the way in."""

import json
import zipfile
from pathlib import Path

import pytest
import torch

from mlcore.checkpoints import archive as checkpoint_zip
from mlcore.checkpoints.archive import export_checkpoint, import_checkpoint
from mlcore.checkpoints.card import CARD_FILE, WEIGHTS_FILE, ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from mlcore.cli.main import main
from mlcore.config import BackboneConfig
from mlcore.errors import CheckpointError
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = PrototypicalConfig(backbone=BackboneConfig(image_size=16, width=4))
    card = ModelCard(
        name="tiny", kind="characters", method="prototypical", config=config.to_dict(), transform="characters"
    )
    save_checkpoint(tmp_path / "tiny", build_method("prototypical", config), card)
    return tmp_path / "tiny"


def zipped(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return path


def refusal(path: Path) -> str:
    """Import what must be refused; give the words, once it is sure that nothing was left behind."""
    target = path.parent / "imports" / "new"
    with pytest.raises(CheckpointError) as refused:
        import_checkpoint(path, target)
    assert list(target.parent.iterdir()) == []
    return str(refused.value)


def test_a_checkpoint_goes_out_and_comes_in_unchanged(folder: Path, tmp_path: Path) -> None:
    assert main(["export-checkpoint", str(folder), "--out", str(tmp_path / "tiny.zip")]) == 0
    assert main(["import-checkpoint", str(tmp_path / "tiny.zip"), "--out", str(tmp_path / "again")]) == 0
    for name in (CARD_FILE, WEIGHTS_FILE):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert load_checkpoint(tmp_path / "again").card == ModelCard.read(folder)


def test_pickled_weights_are_refused_by_content(folder: Path, tmp_path: Path) -> None:
    torch.save(load_checkpoint(folder).state_dict(), tmp_path / "pickled")
    card, weights = (folder / CARD_FILE).read_bytes(), (tmp_path / "pickled").read_bytes()
    path = zipped(tmp_path / "a.zip", card_json=card, weights_safetensors=weights)
    assert "no readable weights" in refusal(path)


def test_weights_of_another_shape_than_the_cards_backbone_are_refused(folder: Path, tmp_path: Path) -> None:
    card = json.loads((folder / CARD_FILE).read_text())
    card["config"]["backbone"]["width"] = 8
    weights = (folder / WEIGHTS_FILE).read_bytes()
    path = zipped(tmp_path / "a.zip", card_json=json.dumps(card).encode(), weights_safetensors=weights)
    assert "does not fit its card" in refusal(path)


def test_a_zip_that_holds_anything_else_is_refused(folder: Path, tmp_path: Path) -> None:
    files = {"card_json": (folder / CARD_FILE).read_bytes(), "weights_safetensors": b""}
    assert "it holds" in refusal(zipped(tmp_path / "a.zip", **files, run_py=b"print()"))
    assert "it holds card.json" in refusal(zipped(tmp_path / "b.zip", card_json=files["card_json"]))
    assert "it holds ../card.json" in refusal(zipped(tmp_path / "c.zip", **{"..__card_json": b"", "x": b""}))


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"not a zip")
    assert "cannot be read as a zip" in refusal(tmp_path / "a.zip")


def test_a_file_beyond_its_limit_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_checkpoint(folder, tmp_path / "a.zip")
    monkeypatch.setitem(checkpoint_zip.MAX_BYTES, CARD_FILE, 100)
    assert "larger than 100 bytes" in refusal(tmp_path / "a.zip")


def test_an_import_never_overwrites(folder: Path, tmp_path: Path) -> None:
    export_checkpoint(folder, tmp_path / "a.zip")
    with pytest.raises(CheckpointError, match="exists already"):
        import_checkpoint(tmp_path / "a.zip", folder)
