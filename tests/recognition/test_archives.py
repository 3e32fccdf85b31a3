"""A zip of class folders is imported; whatever it holds besides goes nowhere."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.recognition.conftest import stored_files
from tests.recognition.pictures import drawing, encoded
from tests.refusals import refused
from webapp.jobs.models import JobStatus
from webapp.recognition import services
from webapp.recognition.models import SupportSet, ZipImport
from webapp.recognition.worker import archives

PICTURE = encoded(drawing(1))


def zipped(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return SimpleUploadedFile("signs.zip", out.getvalue())


def imported(support_set: SupportSet, file: SimpleUploadedFile) -> ZipImport:
    row = services.import_zip(support_set=support_set, file=file)
    archives.import_zip(str(row.pk))
    return ZipImport.objects.get(pk=row.pk)


def test_each_folder_is_a_class(support_set: SupportSet, settings: Any) -> None:
    other = encoded(drawing(2))
    row = imported(support_set, zipped({"signs/kite/1.png": PICTURE, "signs/kite/2.png": other, "wave/1.png": other}))
    assert row.status == JobStatus.READY
    assert (row.accepted, row.refused) == (3, [])
    classes = support_set.classes.all()
    assert {row.name: row.images.count() for row in classes} == {"kite": 2, "wave": 1}
    assert not [name for name in stored_files(settings) if name.startswith("archives")]


def test_unknown_files_are_listed_as_refused_and_the_rest_goes_on(support_set: SupportSet) -> None:
    row = imported(support_set, zipped({"kite/notes.txt": b"hello", "kite/1.png": PICTURE, "loose.png": PICTURE}))
    assert row.accepted == 1
    assert [refusal["file"] for refusal in row.refused] == ["kite/notes.txt", "loose.png"]
    assert "no class folder" in row.refused[1]["reason"]


def test_what_systems_add_unasked_is_passed_over(support_set: SupportSet) -> None:
    row = imported(support_set, zipped({"kite/1.png": PICTURE, "__MACOSX/kite/._1.png": b"x", "kite/.DS_Store": b"x"}))
    assert (row.accepted, row.refused) == (1, [])


@pytest.mark.parametrize(
    "name", ["../kite/1.png", "/kite/1.png", "kite/../../1.png", "C:\\kite\\1.png", "..\\kite\\1.png"]
)
def test_paths_that_climb_out_are_refused(support_set: SupportSet, settings: Any, name: str) -> None:
    row = imported(support_set, zipped({name: PICTURE, "wave/1.png": PICTURE}))
    assert row.accepted == 1
    assert "leads out" in row.refused[0]["reason"]
    assert all(stored.startswith("pictures/") for stored in stored_files(settings))
    assert not list(Path(settings.MEDIA_ROOT).parent.glob("1.png"))


def test_links_are_refused(support_set: SupportSet) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("kite/1.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    row = imported(support_set, SimpleUploadedFile("a.zip", out.getvalue()))
    assert "Links" in row.refused[0]["reason"]


def test_real_bytes_are_counted_and_not_what_the_archive_says(support_set: SupportSet, limit: Any) -> None:
    limit(zip_unpacked_bytes=200_000)
    bomb = zipped({f"kite/{n}.png": bytes(150_000) for n in range(3)}, zipfile.ZIP_DEFLATED)
    row = imported(support_set, bomb)
    assert row.status == JobStatus.FAILED
    assert row.error_code == "archive_too_large"


def test_too_many_entries_are_refused(support_set: SupportSet, limit: Any) -> None:
    limit(zip_entries=3)
    row = imported(support_set, zipped({f"kite/{n}.png": PICTURE for n in range(4)}))
    assert row.error_code == "too_many_entries"
    assert not support_set.classes.exists()


def test_a_huge_directory_is_refused_before_it_is_read(
    support_set: SupportSet, limit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(zip_entries=3)
    row = services.import_zip(support_set=support_set, file=zipped({f"kite/{n}.png": b"" for n in range(30)}))
    monkeypatch.setattr(zipfile.ZipFile, "__init__", lambda *_: pytest.fail("read"))
    archives.import_zip(str(row.pk))
    assert ZipImport.objects.get(pk=row.pk).error_code == "too_many_entries"


def test_a_picture_over_the_limit_is_refused(support_set: SupportSet, limit: Any) -> None:
    limit(picture_bytes=2**20)
    row = imported(support_set, zipped({"kite/1.png": bytes(2**20 + 1), "kite/2.png": PICTURE}))
    assert row.accepted == 1
    assert "larger than 1 MB" in row.refused[0]["reason"]


def test_a_damaged_entry_is_refused_and_the_rest_goes_on(support_set: SupportSet) -> None:
    file = zipped({"kite/1.png": PICTURE, "kite/2.png": encoded(drawing(2))})
    data = bytearray(file.read())
    data[60] ^= 0xFF
    row = imported(support_set, SimpleUploadedFile("a.zip", bytes(data)))
    assert row.accepted == 1
    assert "damaged" in row.refused[0]["reason"]


def test_a_class_name_that_cannot_be_is_refused(support_set: SupportSet) -> None:
    row = imported(support_set, zipped({f"{'x' * 65}/1.png": PICTURE, "kite/1.png": PICTURE}))
    assert "at most 64" in row.refused[0]["reason"]


@pytest.mark.parametrize("data", [b"", b"no zip", PICTURE])
def test_what_is_no_zip_is_refused_at_once(support_set: SupportSet, data: bytes) -> None:
    with refused("unusable_archive"):
        services.import_zip(support_set=support_set, file=SimpleUploadedFile("a.zip", data))


def test_a_zip_over_the_limit_is_refused_at_once(support_set: SupportSet, limit: Any) -> None:
    limit(zip_bytes=10)
    with refused("too_large"):
        services.import_zip(support_set=support_set, file=zipped({"kite/1.png": PICTURE}))


def test_an_empty_zip_says_so(support_set: SupportSet) -> None:
    assert imported(support_set, zipped({})).error_code == "empty_archive"
