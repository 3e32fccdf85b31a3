"""A checkpoint's files go into storage before its row names them; every worker reads them from there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from mlcore.checkpoints.card import PRETRAINED, ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint
from tests.checkpoints.candidates import registered, tiny
from tests.datasets.conftest import stored_files
from tests.training.elsewhere import Elsewhere
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.stored_checkpoints import delete_stored, local_folder, stored
from webapp.core.errors import Refusal
from webapp.jobs.errors import JobFailed
from webapp.storage import copies

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a tiny checkpoint to a folder, as training does."""
    return tiny(tmp_path_factory.mktemp("made"))


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """Make the site's storage one without paths."""
    storage = Elsewhere()
    monkeypatch.setattr(default_storage, "_wrapped", storage)
    return storage


def test_files_lie_in_storage_and_are_read_where_they_lie(made: Path, settings: Any) -> None:
    row = registered(made)
    card = row.weights.name.replace("weights.safetensors", "card.json")
    assert stored_files(settings) == {row.weights.name, card}
    folder = local_folder(checkpoint=row)
    assert folder == Path(row.weights.path).parent
    assert load_checkpoint(folder).card == ModelCard.from_dict(row.card)
    assert list(copies.all_copies()) == []


def test_the_card_in_storage_has_the_name_of_the_row(made: Path) -> None:
    with stored(made, name="another") as row:
        row.save()
    assert ModelCard.read(local_folder(checkpoint=row)).name == row.card["name"] == "another"


def test_nothing_stays_in_storage_where_the_row_is_not_made(made: Path, settings: Any) -> None:
    with pytest.raises(RuntimeError, match="no row"), stored(made, name="tiny"):
        raise RuntimeError("no row")
    assert stored_files(settings) == set()


def test_one_that_ships_is_read_from_the_package() -> None:
    row = next(row for row in checkpoints.sync_shipped() if row.name == "characters")
    assert local_folder(checkpoint=row) == PRETRAINED / "characters"
    assert row.is_there


def test_what_is_stored_elsewhere_is_fetched_once(made: Path, elsewhere: Elsewhere) -> None:
    row = registered(made)
    folder = local_folder(checkpoint=row)
    assert load_checkpoint(folder).card == ModelCard.from_dict(row.card)
    elsewhere.kept.clear()
    assert local_folder(checkpoint=row) == folder
    assert list(copies.all_copies()) == [folder]


def test_a_damaged_copy_is_fetched_anew(made: Path, elsewhere: Elsewhere) -> None:
    row = registered(made)
    weights = local_folder(checkpoint=row) / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert local_folder(checkpoint=row) == weights.parent
    assert load_checkpoint(weights.parent).card


def test_other_weights_than_the_row_names_are_never_used(made: Path, elsewhere: Elsewhere) -> None:
    row = registered(made)
    elsewhere.kept[row.weights.name] += b"x"
    with pytest.raises(JobFailed, match="tiny are not here any more, or others took their place") as caught:
        local_folder(checkpoint=row)
    assert caught.value.code == "checkpoint_gone"
    assert list(copies.all_copies()) == []


def test_files_that_are_gone_are_said_to_be(made: Path, elsewhere: Elsewhere) -> None:
    row = registered(made)
    assert row.is_there
    delete_stored([row.weights.name])
    assert (row.is_there, elsewhere.kept) == (False, {})
    with pytest.raises(JobFailed, match="not here any more"):
        local_folder(checkpoint=row)


def test_shipped_weights_that_were_replaced_are_never_used() -> None:
    row = next(row for row in checkpoints.sync_shipped() if row.name == "characters")
    row.digest = "another"
    with pytest.raises(JobFailed, match="others took their place"):
        local_folder(checkpoint=row)


def test_a_copy_is_not_begun_where_the_disk_is_full(made: Path, elsewhere: Elsewhere, settings: Any) -> None:
    row = registered(made)
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "free_disk_bytes": 2**60}
    settings.DATA_DIR.mkdir(exist_ok=True)
    with pytest.raises(Refusal) as caught:
        local_folder(checkpoint=row)
    assert caught.value.code == "storage_full"


def test_copies_that_were_not_used_for_longest_make_room(settings: Any) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "copies_bytes": 25}
    for hours, name in ((3, "datasets/a"), (4, "datasets/b"), (2, "datasets/c")):
        copy = copies.copy_of(name, lambda path: path.write_bytes(bytes(10)) and None)
        os.utime(copy, (copy.stat().st_atime, copy.stat().st_mtime - 3600 * hours))
    copies.copy_of("datasets/d", lambda path: path.write_bytes(bytes(10)) and None)
    assert sorted(copy.name for copy in copies.all_copies()) == ["c", "d"]


def test_of_two_that_fetch_at_once_the_second_takes_the_copy_of_the_first(settings: Any) -> None:
    def fetch(path: Path) -> None:
        for folder in (path, copies.root() / "checkpoints" / "same"):
            folder.mkdir()
            (folder / "card.json").write_text(folder.name)

    copy = copies.copy_of("checkpoints/same", fetch)
    assert (copy / "card.json").read_text() == "same"
    assert list(copies.all_copies()) == [copy]
