"""A zip of class folders becomes a version: cleaned, split, reported on; whatever else it holds goes nowhere."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from mlcore.data.datasets import load_dataset
from tests.datasets.conftest import (
    another,
    class_folders,
    done,
    ingested,
    paths_in,
    picture,
    started,
    stored_files,
    zipped,
)
from tests.refusals import refused
from tests.zips import raw_zip
from webapp.datasets import services as datasets
from webapp.datasets import stored_datasets, worker
from webapp.datasets.models import DatasetVersion, Source
from webapp.datasets.services import Material
from webapp.jobs import services as jobs
from webapp.jobs.claims import Claim
from webapp.jobs.models import JobStatus
from webapp.jobs.staging import staging
from webapp.storage import disk

pytestmark = pytest.mark.django_db


def reasons(version: DatasetVersion) -> dict[str, str]:
    return {row["file"]: row["reason"] for row in version.report["refused"]}


def test_every_folder_is_a_class_on_one_side(settings: Any) -> None:
    version = ingested(zipped({f"signs/{path}": data for path, data in class_folders(12).items()}))
    assert (version.status, version.error) == (JobStatus.READY, "")
    assert (version.n_classes, version.n_pictures) == (12, 24)
    assert {row["name"] for row in version.classes} == {f"class-{n}" for n in range(12)}
    assert {path.rpartition("/")[0] for path in paths_in(version)} == {
        f"{row['split']}/{row['name']}" for row in version.classes
    }
    assert {name.rpartition(".")[2] for name in stored_files(settings)} == {"zip", "jpg"}
    assert not Path(staging(version)).exists()


def test_mlcore_trains_on_a_stored_version_as_it_is() -> None:
    version = ingested(zipped(class_folders(8)))
    root = stored_datasets.local_root(version=version)
    for split in ("train", "val", "test"):
        dataset = load_dataset("image_folder", root=root, split=split, image_size=32)
        expected = [row["name"] for row in version.classes if row["split"] == split]
        assert (list(dataset.class_names), dataset.warnings) == (expected, ())
        assert len(dataset) == 2 * len(expected)


def test_a_class_keeps_its_split_in_every_later_version() -> None:
    first = ingested(zipped(class_folders(6)))
    second = another(first, zipped(class_folders(20)))
    third = another(first, zipped({path: data for path, data in class_folders(20).items() if "class-1" in path}))
    splits = {row["name"]: row["split"] for row in second.classes}
    for version in (first, third):
        assert {row["name"]: row["split"] for row in version.classes}.items() <= splits.items()
    assert [second.number, third.number] == [2, 3]


def test_the_sheet_shows_a_strip_of_every_class() -> None:
    version = ingested(zipped(class_folders(5)))
    with version.contact_sheet.open("rb") as file:
        assert Image.open(file).size == (512, 5 * 64)
    assert [row["strip"] for row in version.classes] == [0, 1, 2, 3, 4]


def test_what_is_no_picture_is_refused_by_name_and_the_rest_goes_on() -> None:
    junk = {
        "class-0/notes.txt": b"hello",
        "loose.png": picture(1),
        "__MACOSX/class-0/._1.png": b"x",
        "class-1/.DS_Store": b"x",
    }
    version = ingested(zipped({**class_folders(4), **junk}))
    assert version.n_pictures == 8
    assert set(reasons(version)) == {"class-0/notes.txt", "loose.png"}
    assert version.report["n_refused"] == 2


def test_folders_of_folders_are_named_by_both_and_never_merged() -> None:
    entries = {f"Greek/{path}": data for path, data in class_folders(2).items()}
    entries |= {f"Latin/class-{label}/{n}.png": picture(900 + 10 * label + n) for label in range(2) for n in range(2)}
    version = ingested(zipped(entries))
    names = sorted(row["name"] for row in version.classes)
    assert names == ["Greek∕class-0", "Greek∕class-1", "Latin∕class-0", "Latin∕class-1"]
    assert all(path.count("/") == 2 for path in paths_in(version))


def test_a_class_has_one_name_however_it_is_wrapped() -> None:
    bare = {f"class-{label}/{n}.png": picture(100 * label + n) for label in range(4) for n in range(2)}
    first = ingested(zipped(bare))
    wrapped = {f"mine/{path}": data for path, data in bare.items()}
    second = another(first, zipped({**wrapped, "mine/readme.png": picture(999)}))
    assert [row["name"] for row in second.classes] == [row["name"] for row in first.classes]
    assert reasons(second) == {"mine/readme.png": "It lies in no class folder."}


def test_a_split_of_the_zips_own_never_puts_a_class_in_two_splits() -> None:
    files = {
        f"{split}/class-{label}/{split}.png": picture(100 * label + len(split) + ord(split[1]))
        for label in range(4)
        for split in ("train", "val")
    }
    version = ingested(zipped(files))
    assert [row["pictures"] for row in version.classes] == [2, 2, 2, 2]


def test_a_picture_that_comes_twice_in_a_class_is_kept_once() -> None:
    version = ingested(zipped({**class_folders(4), "class-0/again.png": picture(0)}))
    assert version.n_pictures == 8
    assert version.report["n_repeated"] == 1
    assert version.report["n_duplicates"] == 0


def test_a_picture_of_two_classes_is_shown_as_a_duplicate_of_both() -> None:
    version = ingested(zipped({**class_folders(4), "class-3/also.png": picture(0)}))
    assert version.report["duplicates"] == [["class-0", "class-3"]]
    assert version.report["n_duplicates"] == 1


def test_classes_that_are_too_small_are_left_out_and_counted() -> None:
    version = ingested(zipped({**class_folders(4, 3), "tiny/1.png": picture(7), "tiny/2.png": picture(8)}), least=3)
    assert version.n_classes == 4
    assert version.report["small"] == [{"name": "tiny", "pictures": 2}]
    assert not [path for path in paths_in(version) if "tiny" in path]


@pytest.mark.parametrize("n_classes", [1, 3])
def test_too_few_classes_are_refused_in_words(n_classes: int, settings: Any) -> None:
    version = ingested(zipped(class_folders(n_classes)))
    assert (version.status, version.error_code) == (JobStatus.FAILED, "too_few_classes")
    assert f"holds {n_classes} class" in version.error
    assert not stored_files(settings)


def test_classes_that_all_are_too_small_are_refused_in_words() -> None:
    version = ingested(zipped(class_folders(4)), least=5)
    assert "0 classes have 5 pictures or more; 4 have fewer" in version.error


def test_the_same_pictures_have_the_same_fingerprint_and_others_another() -> None:
    first = ingested(zipped(class_folders(4)))
    same = another(first, zipped(dict(reversed(class_folders(4).items()))))
    other = another(first, zipped(class_folders(5)))
    assert first.fingerprint == same.fingerprint != other.fingerprint
    assert len(first.fingerprint) == 64


# --- Names ------------------------------------------------------------------------------------------------------------


def test_names_without_a_word_on_how_they_are_written_are_read_as_they_were_meant() -> None:
    entries = {path.replace("class-", "Mu\u0308ller ").encode(): data for path, data in class_folders(4).items()}
    version = ingested(SimpleUploadedFile("a.zip", raw_zip(entries)))
    assert {row["name"] for row in version.classes} == {f"Müller {n}" for n in range(4)}
    entries = {path.replace("class-", "表").encode("cp932"): data for path, data in class_folders(4).items()}
    version = ingested(SimpleUploadedFile("a.zip", raw_zip(entries)), name="Others")
    assert {row["name"] for row in version.classes} == {f"表{n}" for n in range(4)}


def test_folders_that_differ_by_their_normal_form_below_different_ones_stay_two_classes() -> None:
    entries = {f"north/{path}": data for path, data in class_folders(3).items()}
    entries = {path.replace("class-0", "\u00e9t\u00e9"): data for path, data in entries.items()}
    entries |= {f"south/e\u0301te\u0301\u200b/{n}.png": picture(900 + n) for n in range(2)}
    version = ingested(zipped(entries))
    assert {row["name"] for row in version.classes} == {"north∕été", "south∕été", "class-1", "class-2"}


def test_a_name_is_found_by_any_spelling_of_it() -> None:
    started(zipped(class_folders(4)), name="E\u0301te\u0301")
    material = Material(upload=zipped(class_folders(4)), least_pictures=2)
    with refused("version_in_progress"):
        datasets.ingest(name="\u00c9t\u00e9\u200b", source=Source.UPLOAD, material=material, by=None)


# --- Hostile zips ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../kite/1.png", "/kite/1.png", "kite/../../1.png", "C:\\kite\\1.png", "..\\kite\\1.png"]
)
def test_paths_that_climb_out_are_refused(name: str, settings: Any) -> None:
    version = ingested(zipped({**class_folders(4), name: picture(1)}))
    assert "leads out" in reasons(version)[name]
    assert all(stored.startswith("datasets/") for stored in stored_files(settings))
    assert all(path.split("/")[0] in ("train", "val", "test") for path in paths_in(version))


def test_links_are_refused() -> None:
    out = io.BytesIO(zipped(class_folders(4)).read())
    with zipfile.ZipFile(out, "a") as archive:
        link = zipfile.ZipInfo("class-0/passwd.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    version = ingested(SimpleUploadedFile("a.zip", out.getvalue()))
    assert "Links" in reasons(version)["class-0/passwd.png"]


def test_real_bytes_are_counted_and_not_what_the_archive_says(limit: Any, settings: Any) -> None:
    limit(dataset_unpacked_bytes=200_000)
    version = ingested(zipped({f"kite/{n}.png": bytes(150_000) for n in range(3)}, zipfile.ZIP_DEFLATED))
    assert (version.status, version.error_code) == (JobStatus.FAILED, "archive_too_large")
    assert not stored_files(settings)


def test_a_picture_that_is_a_bomb_is_refused_and_the_rest_goes_on() -> None:
    bomb = encoded_bomb()
    version = ingested(zipped({**class_folders(4), "class-0/bomb.png": bomb}))
    assert "million pixels" in reasons(version)["class-0/bomb.png"]


def encoded_bomb() -> bytes:
    """Encode a PNG whose header says that it is enormous."""
    data = bytearray(picture(1))
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    import zlib

    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def test_too_many_entries_are_refused(limit: Any) -> None:
    limit(dataset_entries=3)
    with refused("too_many_entries", match="more than 3"):
        started(zipped(class_folders(4)))


def test_an_encrypted_entry_is_refused_and_the_rest_goes_on() -> None:
    data = bytearray(zipped({"class-0/secret.png": picture(5), **class_folders(4)}).read())
    data[6] |= 1  # the flag in the entry's own header
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1  # and in the directory
    version = ingested(SimpleUploadedFile("a.zip", bytes(data)))
    assert "encrypted" in reasons(version)["class-0/secret.png"]
    assert version.n_pictures == 8


def test_a_zip_whose_end_is_missing_is_refused_at_once() -> None:
    whole = zipped(class_folders(4)).read()
    with refused("unusable_archive", match="damaged"):
        started(SimpleUploadedFile("a.zip", whole[: len(whole) // 2]))


def test_a_zip_that_is_damaged_inside_keeps_what_is_whole() -> None:
    data = bytearray(zipped(class_folders(4, 3)).read())
    data[80] ^= 0xFF
    version = ingested(SimpleUploadedFile("a.zip", bytes(data)))
    assert "damaged" in reasons(version)["class-0/0.png"]
    assert version.n_pictures == 11


# --- What happens meanwhile -------------------------------------------------------------------------------------------


def test_a_full_disk_fails_in_words_and_leaves_nothing_behind(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    version = started(zipped(class_folders(4)))
    monkeypatch.setattr(disk, "free_bytes", lambda: 0)
    version = done(version)
    assert (version.status, version.error_code) == (JobStatus.FAILED, "storage_full")
    assert "disk is too full" in version.error
    assert not stored_files(settings)
    assert not staging(version).exists()


def test_a_disk_that_fills_up_while_writing_fails_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    version = started(zipped(class_folders(4)))
    monkeypatch.setattr(worker, "store_staged", full)
    assert done(version).error_code == "storage_full"


def test_a_cancelled_ingest_stops_and_leaves_nothing_behind(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    version = started(zipped(class_folders(4)))
    progress = Claim.progress

    def cancel_then_go_on(claim: Claim[DatasetVersion], fraction: float, text: str = "") -> None:
        jobs.cancel(claim.job)
        progress(claim, fraction, text)

    monkeypatch.setattr(Claim, "progress", cancel_then_go_on)
    version = done(version)
    assert version.status == JobStatus.CANCELLED
    assert not stored_files(settings)


def test_a_zip_that_vanished_fails_in_words() -> None:
    version = started(zipped(class_folders(4)))
    version.upload.storage.delete(version.upload.name)
    assert done(version).error_code == "unusable_archive"
