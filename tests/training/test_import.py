"""Checkpoints come and go as one zip; what is pickled, damaged or unfitting is refused and leaves nothing."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from django.conf import settings as site
from django.core.files.base import ContentFile

from mlcore.checkpoint import load_checkpoint
from mlcore.model_card import ModelCard
from tests.training.candidates import candidate, staff, tiny
from tests.training.conftest import stored_files
from webapp.training import services
from webapp.training.errors import StaffError
from webapp.training.models import Checkpoint
from webapp.training.services import exchange
from webapp.training.stored_checkpoints import local_folder

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the two files of a tiny checkpoint."""
    return {path.name: path.read_bytes() for path in tiny(tmp_path_factory.mktemp("made")).iterdir()}


def zipped(files: dict[str, bytes]) -> ContentFile[bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return ContentFile(out.getvalue(), name="sent.zip")


def with_card(files: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    card = {**json.loads(files["card.json"]), **changes}
    return {**files, "card.json": json.dumps(card).encode()}


def refusal(file: ContentFile[bytes], tmp_path: Path) -> StaffError:
    with pytest.raises(StaffError) as caught:
        services.import_checkpoint(file=file, by=None)
    assert not Checkpoint.objects.filter(name="tiny").exists()
    kept = set(Checkpoint.objects.values_list("weights", flat=True))
    assert {name for name in stored_files(site) if name.endswith(".safetensors")} == kept
    return caught.value


def test_a_sound_zip_becomes_a_checkpoint_that_is_not_live(files: dict[str, bytes]) -> None:
    row = services.import_checkpoint(file=zipped(files), by=staff())
    assert (row.name, row.kind, row.live, row.is_there, row.is_replaced) == ("tiny", "characters", False, True, False)
    assert load_checkpoint(local_folder(checkpoint=row)).card == ModelCard.from_dict(row.card)


def test_what_goes_out_can_come_in_elsewhere(files: dict[str, bytes]) -> None:
    row = services.import_checkpoint(file=zipped(files), by=None)
    with services.export_checkpoint(checkpoint=row, by=staff()) as out:
        content = out.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("weights.safetensors") == files["weights.safetensors"]
    row.delete()
    assert services.import_checkpoint(file=ContentFile(content), by=None).digest == row.digest


def test_a_name_that_is_taken_gives_way_to_another(files: dict[str, bytes]) -> None:
    candidate("tiny")
    row = services.import_checkpoint(file=zipped(files), by=None)
    assert row.name.startswith("tiny-")
    assert ModelCard.read(local_folder(checkpoint=row)).name == row.name


def torch_file() -> bytes:
    out = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, out)
    return out.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_by_its_content(files: dict[str, bytes], tmp_path: Path, protocol: int) -> None:
    sent = {**files, "weights.safetensors": pickle.dumps({"weight": [1.0] * 9}, protocol)}
    assert refusal(zipped(sent), tmp_path).code in ("pickled", "no_tensors")


def test_what_torch_pickles_is_refused_by_its_content(files: dict[str, bytes], tmp_path: Path) -> None:
    error = refusal(zipped({**files, "weights.safetensors": torch_file()}), tmp_path)
    assert (error.code, error.field) == ("pickled", "file")


def test_a_pickle_behind_a_brace_is_refused_when_it_is_tried(files: dict[str, bytes], tmp_path: Path) -> None:
    disguised = (8).to_bytes(8, "little") + b"{" + pickle.dumps({"weight": 1})
    assert refusal(zipped({**files, "weights.safetensors": disguised}), tmp_path).code == "unsound"


def test_weights_that_do_not_fit_their_card_are_refused(files: dict[str, bytes], tmp_path: Path) -> None:
    card = json.loads(files["card.json"])
    card["config"]["backbone"]["width"] = 8
    assert refusal(zipped(with_card(files, config=card["config"])), tmp_path).code == "unsound"
    assert refusal(zipped(with_card(files, digest="0" * 64)), tmp_path).code == "unsound"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "magic"}, "unknown_method"),
        ({"transform": "magic"}, "unknown_transform"),
        ({"kind": ""}, "bad_kind"),
        ({"kind": "k" * 51}, "bad_kind"),
        ({"surprise": 1}, "bad_card"),
        ({"method": ["maml"]}, "bad_card"),
        ({"training": []}, "bad_card"),
    ],
)
def test_a_card_that_this_site_cannot_serve_is_refused(
    files: dict[str, bytes], tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    assert refusal(zipped(with_card(files, **changes)), tmp_path).code == code


def test_a_kind_keeps_its_transform(files: dict[str, bytes], tmp_path: Path) -> None:
    candidate("other", kind="characters", transform="photos")
    assert refusal(zipped(files), tmp_path).code == "other_transform"


def test_the_same_weights_are_not_taken_twice(files: dict[str, bytes]) -> None:
    services.import_checkpoint(file=zipped(files), by=None)
    with pytest.raises(StaffError, match="here already, as tiny"):
        services.import_checkpoint(file=zipped(files), by=None)


@pytest.mark.parametrize("extra", [{"more.pkl": b"x"}, {"../weights.safetensors": b"x"}])
def test_a_zip_of_other_files_is_refused(files: dict[str, bytes], tmp_path: Path, extra: dict[str, bytes]) -> None:
    assert refusal(zipped({**files, **extra}), tmp_path).code == "wrong_files"
    assert refusal(zipped({"card.json": files["card.json"]}), tmp_path).code == "wrong_files"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 and no more"])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(ContentFile(content), tmp_path).code == "no_zip"


def test_a_damaged_card_is_refused(files: dict[str, bytes], tmp_path: Path) -> None:
    for card in (b"", b"{", b"[]", b"\xff", b"1"):
        assert refusal(zipped({**files, "card.json": card}), tmp_path).code == "bad_card"


def test_a_file_that_is_too_large_is_refused(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MOST_BYTES", 10)
    assert refusal(zipped(files), tmp_path).code == "too_large"


def test_a_full_disk_is_said_before_anything_is_written(files: dict[str, bytes], tmp_path: Path, settings: Any) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "free_disk_bytes": 2**60}
    assert refusal(zipped(files), tmp_path).code == "storage_full"


def test_files_that_are_gone_are_not_exported() -> None:
    row = candidate("gone")
    row.weights.delete(save=False)
    row.refresh_from_db()
    with pytest.raises(StaffError, match="not here any more"):
        services.export_checkpoint(checkpoint=row, by=None)
