"""A zip of class folders is imported; whatever it holds besides goes nowhere."""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.recognition.conftest import stored_files, visit
from tests.recognition.pictures import drawing, drawing_upload, encoded
from tests.refusals import refused
from tests.zips import encrypted, raw_zip
from webapp.accounts.models import Owner
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.recognition import allowances, retention, services
from webapp.recognition.models import SupportSet, ZipImport, ZipUpload
from webapp.recognition.worker import archives

PICTURE = encoded(drawing(1))


def zipped(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return SimpleUploadedFile("signs.zip", out.getvalue())


def started(support_set: SupportSet, file: SimpleUploadedFile) -> ZipImport:
    return services.import_upload(upload=services.upload_zip(support_set=support_set, file=file))


def imported(support_set: SupportSet, file: SimpleUploadedFile) -> ZipImport:
    row = started(support_set, file)
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
    assert [refusal["file"] for refusal in row.refused] == ["loose.png", "kite/notes.txt"]
    assert "no class folder" in row.refused[0]["reason"]


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
        archive.writestr("wave/1.png", PICTURE)
    row = imported(support_set, SimpleUploadedFile("a.zip", out.getvalue()))
    assert "Links" in row.refused[0]["reason"]


def test_real_bytes_are_counted_and_not_what_the_archive_says(support_set: SupportSet, limit: Any) -> None:
    limit(zip_unpacked_bytes=200_000)
    bomb = zipped({f"kite/{n}.png": bytes(150_000) for n in range(3)}, zipfile.ZIP_DEFLATED)
    row = imported(support_set, bomb)
    assert row.status == JobStatus.FAILED
    assert row.error_code == "archive_too_large"


@pytest.mark.parametrize("spoilt", [False, True])
def test_what_refused_files_unpack_to_counts_as_well(
    support_set: SupportSet, limit: Any, monkeypatch: pytest.MonkeyPatch, spoilt: bool
) -> None:
    limit(picture_bytes=2**20 if spoilt else 100_000, zip_unpacked_bytes=500_000)
    packed = zipped({f"kite/{n}.png": bytes(150_000) for n in range(20)}, zipfile.ZIP_DEFLATED).read()
    if spoilt:
        packed = packed.replace(struct.pack("<L", zlib.crc32(bytes(150_000))), bytes(4))
    unpacked: list[int] = []
    read = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda file, n=-1: (unpacked.append(n), read(file, n))[1])
    row = imported(support_set, SimpleUploadedFile("a.zip", packed))
    assert row.error_code == "archive_too_large"
    assert sum(unpacked) < 2 * 500_000 < 20 * 150_000


def test_too_many_entries_are_refused_at_once(support_set: SupportSet, limit: Any) -> None:
    limit(zip_entries=3)
    with refused("too_many_entries"):
        services.upload_zip(support_set=support_set, file=zipped({f"kite/{n}.png": PICTURE for n in range(4)}))


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
        services.upload_zip(support_set=support_set, file=SimpleUploadedFile("a.zip", data))


def test_a_zip_over_the_limit_is_refused_at_once(support_set: SupportSet, limit: Any) -> None:
    limit(zip_bytes=10)
    with refused("too_large"):
        services.upload_zip(support_set=support_set, file=zipped({"kite/1.png": PICTURE}))


def test_an_empty_zip_says_so(support_set: SupportSet) -> None:
    with refused("empty_archive", match="no class folders"):
        services.upload_zip(support_set=support_set, file=zipped({}))


def test_more_classes_than_a_set_may_have_are_refused_at_once(support_set: SupportSet, limit: Any) -> None:
    limit(classes=2)
    with refused("limit_reached", match="makes 3 classes, and a support set may have at most 2"):
        services.upload_zip(support_set=support_set, file=zipped({f"{n}/1.png": PICTURE for n in "abc"}))


def test_no_zip_is_looked_into_beyond_the_allowance(
    support_set: SupportSet, limit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(uploads_per_minute=1)
    with refused("unusable_archive"):
        services.upload_zip(support_set=support_set, file=SimpleUploadedFile("a.zip", b"no zip"))
    monkeypatch.setattr("webapp.recognition.services.archives.looked_into", None)
    with refused("too_often"):
        services.upload_zip(support_set=support_set, file=zipped({"kite/1.png": PICTURE}))


def test_an_encrypted_zip_says_so(support_set: SupportSet) -> None:
    packed = encrypted(raw_zip({b"kite/1.png": PICTURE, b"wave/1.png": PICTURE}), 2)
    with refused("empty_archive", match="encrypted: pack it again without a password"):
        services.upload_zip(support_set=support_set, file=SimpleUploadedFile("a.zip", packed))


def test_encrypted_and_damaged_files_are_told_apart(support_set: SupportSet) -> None:
    other = encoded(drawing(2))
    packed = encrypted(raw_zip({b"kite/1.png": PICTURE, b"kite/2.png": other, b"wave/1.png": PICTURE}))
    row = imported(support_set, SimpleUploadedFile("a.zip", packed.replace(other[-30:-20], bytes(10))))
    assert row.accepted == 1
    assert {refusal["file"]: refusal["reason"].partition(":")[0] for refusal in row.refused} == {
        "kite/1.png": "It is encrypted",
        "kite/2.png": "It is damaged",
    }


# --- What the person sees before anything is made --------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "Mu\u0308ller"), ("cp932", "表"), ("cp437", "Müller")])
def test_names_are_shown_as_they_were_written(support_set: SupportSet, encoding: str, name: str) -> None:
    packed = raw_zip({f"{name}/1.png".encode(encoding): PICTURE})
    upload = services.upload_zip(support_set=support_set, file=SimpleUploadedFile("a.zip", packed))
    assert upload.classes == [{"name": unicodedata.normalize("NFC", name), "files": 1}]
    assert not support_set.classes.exists()


def test_backslashes_make_folders(support_set: SupportSet) -> None:
    packed = raw_zip({b"birds\\robin\\1.png": PICTURE, b"birds\\wren\\1.png": PICTURE, b"birds\\wren\\": b""})
    row = imported(support_set, SimpleUploadedFile("a.zip", packed))
    assert (row.accepted, row.refused) == (2, [])
    assert {row.name for row in support_set.classes.all()} == {"robin", "wren"}


def test_folders_that_differ_by_their_normal_form_stay_two_classes(support_set: SupportSet) -> None:
    imported(support_set, zipped({"north/\u00e9t\u00e9/1.png": PICTURE, "south/e\u0301te\u0301/1.png": PICTURE}))
    assert {row.name for row in support_set.classes.all()} == {"north/été", "south/été"}


def test_every_folder_with_files_is_a_class_but_the_one_around_all(support_set: SupportSet) -> None:
    names = ["mine/cats/a.png", "mine/cats/more/b.png", "mine/dogs/a.png", "mine/readme.md"]
    upload = services.upload_zip(support_set=support_set, file=zipped(dict.fromkeys(names, PICTURE)))
    assert [row["name"] for row in upload.classes] == ["cats", "dogs", "more"]
    assert [refusal["file"] for refusal in upload.refused] == ["mine/readme.md"]


def test_a_zip_goes_on_into_classes_of_the_same_name(support_set: SupportSet) -> None:
    services.add_class(support_set=support_set, name="\u00e9t\u00e9")
    imported(support_set, zipped({"\u200be\u0301te\u0301/1.png": PICTURE}))
    assert [(row.name, row.images.count()) for row in support_set.classes.all()] == [("été", 1)]


@pytest.mark.django_db(transaction=True)
def test_what_is_not_let_in_leaves_nothing_behind(support_set: SupportSet, settings: Any) -> None:
    upload = services.upload_zip(support_set=support_set, file=zipped({"kite/1.png": PICTURE}))
    again = services.upload_zip(support_set=support_set, file=zipped({"wave/1.png": PICTURE}))
    assert list(support_set.zip_uploads.all()) == [again] != [upload]
    services.discard_upload(upload=again)
    assert not support_set.zip_uploads.exists()
    assert not stored_files(settings)


def test_a_zip_that_has_no_room_is_not_looked_into(support_set: SupportSet, limit: Any) -> None:
    limit(guest_bytes=5)
    with refused("storage_full"):
        services.upload_zip(support_set=support_set, file=SimpleUploadedFile("a.zip", b"no zip"))


@pytest.mark.django_db(transaction=True)
def test_a_zip_that_has_no_room_leaves_the_one_before(support_set: SupportSet, settings: Any, limit: Any) -> None:
    before = zipped({"kite/1.png": PICTURE})
    limit(owner_bytes=before.size + 100, guest_bytes=before.size + 100)
    upload = services.upload_zip(support_set=support_set, file=before)
    with refused("storage_full"):
        services.upload_zip(support_set=support_set, file=zipped({"kite/1.png": PICTURE, "wave/1.png": PICTURE}))
    assert support_set.zip_uploads.get() == upload
    assert stored_files(settings) == {upload.file.name}
    again = services.upload_zip(support_set=support_set, file=zipped({"wave/1.png": PICTURE}))
    assert stored_files(settings) == {again.file.name}


def test_of_two_zips_that_wait_the_newer_is_shown(support_set: SupportSet) -> None:
    now = timezone.now()
    older, newer = (
        ZipUpload.objects.create(support_set=support_set, original_name=name, created=now - timedelta(minutes=minutes))
        for name, minutes in (("older.zip", 2), ("newer.zip", 1))
    )
    assert list(support_set.zip_uploads.all()) == [newer, older]
    assert "newer.zip" in visit(support_set.owner).get(f"/support-sets/{support_set.pk}/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_waits_too_long_goes(support_set: SupportSet, settings: Any) -> None:
    upload = services.upload_zip(support_set=support_set, file=zipped({"kite/1.png": PICTURE}))
    retention.forget()
    assert stored_files(settings)
    ZipUpload.objects.filter(pk=upload.pk).update(created=timezone.now() - timedelta(hours=2))
    retention.forget()
    assert not ZipUpload.objects.exists()
    assert not stored_files(settings)


@pytest.mark.django_db(transaction=True)
def test_a_zip_is_decided_about_once(support_set: SupportSet, settings: Any) -> None:
    upload = services.upload_zip(support_set=support_set, file=zipped({"kite/1.png": PICTURE}))
    again, too_late = (ZipUpload.objects.get(pk=upload.pk) for _ in range(2))
    row = services.import_upload(upload=upload)
    with refused("unusable_archive", match="imported already"):
        services.import_upload(upload=again)
    with refused("unusable_archive", match="imported already"):
        services.discard_upload(upload=too_late)
    assert support_set.zip_imports.get() == row
    assert stored_files(settings) == {row.file.name}


@pytest.mark.parametrize("act", ["start", "discard"])
def test_nobody_else_decides_about_a_zip(support_set: SupportSet, stranger: Owner, act: str) -> None:
    upload = services.upload_zip(support_set=support_set, file=zipped({"kite/1.png": PICTURE}))
    address = f"/support-sets/{support_set.pk}/import/{act}/"
    assert visit(stranger).post(address, {"zip": upload.pk}).status_code == 404
    assert visit(support_set.owner).post(address, {"zip": support_set.pk}).status_code == 422
    assert support_set.zip_uploads.get() == upload


def test_pages_show_the_classes_and_do_what_is_decided(support_set: SupportSet) -> None:
    client = visit(support_set.owner)
    page = f"/support-sets/{support_set.pk}/"
    client.post(f"{page}import/", {"file": zipped({"kite\u200b/1.png": PICTURE, "wave/1.png": PICTURE})})
    shown = client.get(page).content.decode()
    assert "This zip makes 2 classes" in shown
    assert "<strong>kite</strong>" in shown
    upload = support_set.zip_uploads.get()
    assert client.post(f"{page}import/discard/", {"zip": upload.pk}).status_code == 302
    assert "This zip makes" not in client.get(page).content.decode()
    client.post(f"{page}import/", {"file": zipped({"kite/1.png": PICTURE})})
    client.post(f"{page}import/start/", {"zip": support_set.zip_uploads.get().pk})
    assert support_set.zip_imports.get().status == JobStatus.QUEUED


# --- Nobody else waits long for a zip ---------------------------------------------------------------------------------


def test_imports_have_a_queue_of_their_own() -> None:
    assert ZipImport.queue == "imports"


def test_an_import_gives_way_to_another_person_and_goes_on(
    support_set: SupportSet, stranger: Owner, limit: Any, settings: Any
) -> None:
    limit(import_slice_seconds=0)
    names = [f"kite/{n}.png" for n in range(3)]
    pictures = {name: encoded(drawing(n)) for n, name in enumerate(names)}
    row = started(support_set, zipped({"loose.png": PICTURE, **pictures, "kite/no.txt": b"no"}))
    other = started(services.create_support_set(owner=stranger, name="Other"), zipped({"wave/1.png": PICTURE}))
    ZipImport.objects.filter(pk=other.pk).update(sent_at=timezone.now())
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.position, row.accepted, len(row.refused)) == (JobStatus.QUEUED, 0, 0, 1)
    archives.import_zip(str(other.pk))
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.position, row.accepted, row.attempt) == (JobStatus.READY, 4, 3, 2)
    assert [refusal["file"] for refusal in row.refused] == ["loose.png", "kite/no.txt"]
    assert not [name for name in stored_files(settings) if name.startswith("archives")]


def test_an_import_of_which_a_part_is_done_goes_on_behind_it(support_set: SupportSet, limit: Any) -> None:
    row = started(support_set, zipped({f"kite/{n}.png": encoded(drawing(n)) for n in range(4)}))
    ZipImport.objects.filter(pk=row.pk).update(position=3, accepted=3, unpacked=700, seconds=2.0)
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.accepted, support_set.classes.get().images.count()) == (JobStatus.READY, 4, 1)
    assert row.unpacked > 700
    assert row.seconds > 2.0


def test_an_import_waits_where_its_owner_had_enough_decoded_and_says_so(support_set: SupportSet, limit: Any) -> None:
    limit(decoding_kilopixels_per_minute=45)
    row = started(support_set, zipped({f"kite/{n}.png": encoded(drawing(n)) for n in range(3)}))
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.position, row.accepted, row.refused) == (JobStatus.QUEUED, 1, 1, [])
    assert row.status_sentence.startswith("Picture 2 of 3. Your pictures took all the time")
    services.add_images(support_set=support_set, class_name="wave", files=[drawing_upload(9)])
    now = timezone.now()
    assert not row.is_due_to_send(now)
    assert row.is_due_to_send(now + timedelta(minutes=10))
    limit(decoding_kilopixels_per_minute=10_000)
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.accepted) == (JobStatus.READY, 3)


def test_an_import_waits_where_the_machine_is_too_busy(support_set: SupportSet, limit: Any) -> None:
    row = started(support_set, zipped({f"kite/{n}.png": encoded(drawing(n)) for n in range(2)}))
    limit(decode_wall_seconds=0)
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.position, row.refused) == (JobStatus.QUEUED, 0, [])
    assert "The site is too busy to read this picture now." in row.status_sentence
    limit(decode_wall_seconds=120)
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.accepted) == (JobStatus.READY, 2)


def test_a_zip_that_takes_far_too_long_ends_in_words_and_keeps_what_it_brought(
    support_set: SupportSet, limit: Any
) -> None:
    limit(import_seconds=60)
    row = started(support_set, zipped({f"kite/{n}.png": encoded(drawing(n)) for n in range(3)}))
    ZipImport.objects.filter(pk=row.pk).update(position=1, accepted=1, seconds=61.0)
    archives.import_zip(str(row.pk))
    row.refresh_from_db()
    assert (row.status, row.error_code, row.accepted) == (JobStatus.FAILED, "archive_too_large", 1)
    assert row.error.startswith("This zip takes more than 1 minutes to read; 1 of its pictures were added.")


def test_nothing_is_decoded_for_a_class_that_is_full(support_set: SupportSet, limit: Any) -> None:
    limit(pictures_per_class=2)
    row = imported(support_set, zipped({f"kite/{n}.png": encoded(drawing(n, side=1000)) for n in range(5)}))
    assert (row.accepted, len(row.refused)) == (2, 3)
    assert "at most 2 pictures" in row.refused[0]["reason"]
    assert support_set.owner.allowances.get(name="decoding_kilopixels_per_minute").used == 2000


# --- The zip of an import that has ended ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_given_way", [False, True])
def test_the_zip_of_a_cancelled_import_goes_at_once(
    support_set: SupportSet, settings: Any, limit: Any, has_given_way: bool
) -> None:
    row = started(support_set, zipped({f"kite/{n}.png": encoded(drawing(n)) for n in range(3)}))
    if has_given_way:
        limit(decoding_kilopixels_per_minute=45)
        archives.import_zip(str(row.pk))
    before = allowances.bytes_used(support_set.owner)
    visit(support_set.owner).post(f"/imports/{row.pk}/cancel/")
    row.refresh_from_db()
    assert row.status == JobStatus.CANCELLED
    assert not [name for name in stored_files(settings) if name.startswith("archives")]
    assert allowances.bytes_used(support_set.owner) == before - row.bytes


@pytest.mark.django_db(transaction=True)
def test_the_zip_of_an_import_that_runs_stays_until_its_worker_has_stopped(
    support_set: SupportSet, settings: Any
) -> None:
    row = started(support_set, zipped({"kite/1.png": PICTURE}))
    claim = jobs.claim(ZipImport, row.pk, "ada:1")
    assert claim is not None
    services.cancel_import(zip_import=row)
    assert stored_files(settings) == {row.file.name}
    claim.cancel()
    assert allowances.bytes_used(support_set.owner) == row.bytes
    retention.forget()
    assert not stored_files(settings)
    assert allowances.bytes_used(support_set.owner) == 0
