"""Staff upload, follow, look at and cancel data sets in the admin; nobody else sees or does any of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.datasets.conftest import class_folders, done, ingested, picture, started, stored_files, waiting, zipped
from tests.zips import raw_zip
from webapp.datasets import retention
from webapp.datasets.models import Dataset, DatasetVersion, Source
from webapp.jobs.models import JobStatus

pytestmark = pytest.mark.django_db

ADD = "/admin/datasets/dataset/add/"


def client_of(name: str, *permissions: str, is_staff: bool = True) -> Client:
    """Sign somebody in who has these permissions alone."""
    user = User.objects.create_user(name, is_staff=is_staff)
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def sue() -> Client:
    """Return a member of staff who may do everything with data sets."""
    rights = [f"{act}_{model}" for act in ("view", "add", "change") for model in ("dataset", "datasetversion")]
    return client_of("sue", *rights)


def page_of(version: DatasetVersion) -> str:
    return act_on(version, "change")


def act_on(version: DatasetVersion, act: str) -> str:
    return reverse(f"admin:datasets_datasetversion_{act}", args=[version.pk])


def test_a_zip_is_uploaded_and_its_page_is_opened(sue: Client) -> None:
    answer = sue.post(ADD, {"name": "Signs", "upload": zipped(class_folders(4)), "least_pictures": 2})
    version = DatasetVersion.objects.get()
    assert answer["Location"] == page_of(version)
    assert (version.dataset.name, version.waiting, version.created_by) == ("Signs", True, User.objects.get())
    sue.post(act_on(version, "ingest"))
    assert DatasetVersion.objects.get().status == JobStatus.QUEUED
    version = done(version)
    assert (version.status, version.waiting, version.n_classes) == (JobStatus.READY, False, 4)


def test_a_version_is_added_to_a_data_set(sue: Client) -> None:
    first = ingested(zipped(class_folders(4)))
    address = reverse("admin:datasets_dataset_version", args=[first.dataset.pk])
    assert sue.get(address).status_code == 200
    sue.post(address, {"upload": zipped(class_folders(5)), "least_pictures": 2})
    assert [version.number for version in first.dataset.versions.all()] == [2, 1]
    sue.post(act_on(first.dataset.versions.get(number=2), "ingest"))
    refused = sue.post(address, {"upload": zipped(class_folders(5)), "least_pictures": 2})
    assert b"is being ingested" in refused.content


def test_a_registered_data_set_is_named(sue: Client) -> None:
    assert b"omniglot" in sue.get(f"{ADD}?source=registered").content
    sue.post(f"{ADD}?source=registered", {"name": "Letters", "registered": "strokes"})
    version = DatasetVersion.objects.get()
    assert (version.mlcore_name, version.dataset.source) == ("strokes", Source.REGISTERED)


@pytest.mark.parametrize(
    ("source", "fields", "sentence"),
    [
        ("upload", {"name": "Signs"}, "required"),
        ("upload", {"name": "a\x07b"}, "control characters"),
        ("registered", {"name": "Signs", "registered": "imagenet"}, "valid choice"),
        ("folder", {"name": "Signs", "folder": "/etc", "least_pictures": 10}, "not below one"),
        ("site", {"name": "Signs", "least_pictures": 1}, "greater than or equal to 2"),
        ("site", {"name": "Taken", "least_pictures": 10}, "already"),
    ],
)
def test_what_cannot_be_ingested_is_said_at_its_field(
    sue: Client, source: str, fields: dict[str, Any], sentence: str
) -> None:
    Dataset.objects.create(name="Taken", source=Source.SITE)
    sent = {"upload": zipped(class_folders(4)), "least_pictures": 2} if fields["name"] == "a\x07b" else {}
    answer = sue.post(f"{ADD}?source={source}", {**sent, **fields})
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not DatasetVersion.objects.exists()


def test_a_source_that_there_is_not_is_not_found(sue: Client) -> None:
    assert sue.get(f"{ADD}?source=nowhere").status_code == 404


def test_the_page_of_a_version_shows_what_it_holds_and_what_was_refused(sue: Client) -> None:
    junk = {"class-0/notes.txt": b"x", "class-3/also.png": picture(0), "tiny/1.png": picture(77)}
    version = ingested(zipped({**class_folders(5), **junk}))
    shown = sue.get(page_of(version)).content.decode()
    for sentence in ("5 classes", "notes.txt", "not a JPEG", "class-0 = class-3", "tiny", "To validate on", "Samples"):
        assert sentence.replace("5 classes", "class") in shown
    assert shown.count("<image ") == 5
    assert "every 1s" not in shown
    sheet = sue.get(reverse("admin:datasets_datasetversion_sheet", args=[version.pk]))
    assert (sheet["Content-Type"], sheet.getvalue()[:3]) == ("image/jpeg", b"\xff\xd8\xff")


def test_a_version_that_is_worked_on_is_asked_about_until_it_is_over(sue: Client) -> None:
    version = started(zipped(class_folders(4)))
    address = reverse("admin:datasets_datasetversion_state", args=[version.pk])
    assert f'hx-get="{address}"' in sue.get(page_of(version)).content.decode()
    assert sue.get(address).status_code == 200
    done(version)
    over = sue.get(address)
    assert over.status_code == 286
    assert b"hx-get" not in over.content


def test_a_version_is_cancelled_once(sue: Client, settings: Any) -> None:
    version = started(zipped(class_folders(4)))
    address = reverse("admin:datasets_datasetversion_cancel", args=[version.pk])
    sue.post(address)
    version.refresh_from_db()
    assert version.status == JobStatus.CANCELLED
    assert b"ended already" in sue.post(address, follow=True).content


def test_every_act_is_written_down_with_who_did_it(sue: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    sue.post(f"{ADD}?source=registered", {"name": "Letters", "registered": "strokes"})
    version = DatasetVersion.objects.get()
    sue.post(reverse("admin:datasets_datasetversion_cancel", args=[version.pk]))
    acts = LogEntry.objects.order_by("action_time").values_list("user__username", "change_message", "object_id")
    assert list(acts) == [("sue", "Started to ingest.", str(version.pk)), ("sue", "Cancelled.", str(version.pk))]
    assert f"{version.pk}: Cancelled. By user {version.created_by_id}" in caplog.text


def test_an_incomplete_version_says_so(sue: Client) -> None:
    version = ingested(zipped(class_folders(4)))
    DatasetVersion.objects.update(incomplete=True)
    shown = sue.get(page_of(version)).content.decode()
    assert "cannot be repeated" in shown
    assert "No published checkpoint had learned" in shown


def test_the_sheet_of_what_has_none_is_not_found(sue: Client) -> None:
    version = started(zipped(class_folders(4)))
    assert sue.get(reverse("admin:datasets_datasetversion_sheet", args=[version.pk])).status_code == 404
    assert sue.get(reverse("admin:datasets_datasetversion_sheet", args=[uuid4()])).status_code == 404


# --- A zip is shown first ---------------------------------------------------------------------------------------------


def test_the_classes_of_a_zip_are_shown_before_anything_is_ingested(sue: Client) -> None:
    entries = {path.replace("class-", "Mu\u0308ller ").encode(): data for path, data in class_folders(4, 3).items()}
    entries |= {b"loose.png": picture(1), b"tiny/1.png": picture(2)}
    sent = SimpleUploadedFile("signs.zip", raw_zip(entries))
    page = sue.post(ADD, {"name": "Signs", "upload": sent, "least_pictures": 2}, follow=True).content.decode()
    shown = " ".join(re.sub("<[^>]+>", " ", page).split())
    for sentence in (
        "waiting for your word",
        "This zip makes 4 classes",
        *(f"Müller {n} · 3 files" for n in range(4)),
        "1 class will be left out: it has fewer than 2 files tiny · 1",
        "1 file will not be taken loose.png It lies in no class folder.",
        "Ingest these classes",
        "Do not ingest",
    ):
        assert sentence in shown
    version = DatasetVersion.objects.get()
    assert done(version).status == JobStatus.CANCELLED
    assert not version.is_active
    assert not DatasetVersion.objects.trainable().exists()
    assert b"waiting for your word" in sue.get("/admin/datasets/datasetversion/").content


def test_a_zip_that_cannot_be_ingested_says_so_and_shows_what_it_holds(sue: Client) -> None:
    version = waiting(zipped(class_folders(3)))
    shown = sue.get(page_of(version)).content.decode()
    assert "This holds 3 classes. At least 4 are needed" in shown
    assert "class-2" in shown
    assert "Ingest these classes" not in shown
    assert "Do not ingest" in shown


def test_a_zip_that_is_not_wanted_goes_with_the_data_set_that_was_for_it(
    sue: Client, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    version = waiting(zipped(class_folders(4)))
    with django_capture_on_commit_callbacks(execute=True):
        shown = sue.post(act_on(version, "discard"), follow=True)
    assert shown.redirect_chain == [(ADD, 302)]
    assert b"Nothing was ingested" in shown.content
    assert not Dataset.objects.exists()
    assert not stored_files(settings)


def test_a_version_that_is_not_wanted_leaves_the_others(sue: Client) -> None:
    first = ingested(zipped(class_folders(4)))
    address = reverse("admin:datasets_dataset_version", args=[first.dataset.pk])
    sue.post(address, {"upload": zipped(class_folders(5)), "least_pictures": 2})
    assert sue.post(act_on(DatasetVersion.objects.get(waiting=True), "discard"))["Location"] == address
    assert list(DatasetVersion.objects.all()) == [first]


def test_a_word_is_said_once(sue: Client) -> None:
    version = waiting(zipped(class_folders(4)))
    sue.post(act_on(version, "ingest"))
    for act in ("ingest", "discard"):
        assert sue.post(act_on(version, act), follow=True).status_code == 200
    assert DatasetVersion.objects.get().status == JobStatus.QUEUED
    done(version)
    assert b"said already" in sue.post(act_on(version, "discard"), follow=True).content
    assert DatasetVersion.objects.get().status == JobStatus.READY


def test_a_zip_waits_for_a_while_and_then_goes(settings: Any, django_capture_on_commit_callbacks: Any) -> None:
    late, early = waiting(zipped(class_folders(4)), name="Late"), waiting(zipped(class_folders(4)), name="Early")
    kept = ingested(zipped(class_folders(4)), name="Kept")
    DatasetVersion.objects.exclude(pk=early.pk).update(created=timezone.now() - timedelta(hours=2))
    assert retention.named([late.upload.name or ""]) == {late.upload.name}
    with django_capture_on_commit_callbacks(execute=True):
        retention.forget()
    assert set(DatasetVersion.objects.all()) == {early, kept}
    assert not Dataset.objects.filter(name="Late").exists()
    assert late.upload.name not in stored_files(settings)
    assert early.upload.name in stored_files(settings)


# --- Who may ----------------------------------------------------------------------------------------------------------


def addresses(version: DatasetVersion) -> dict[tuple[str, str], str]:
    """Name the permission that each method of each address needs."""
    named = {name: f"admin:datasets_{name}" for name in ("dataset_version", "datasetversion_state")}
    change, sheet, cancel = (reverse(f"admin:datasets_datasetversion_{act}", args=[version.pk]) for act in ACTS)
    return {
        ("GET", "/admin/datasets/dataset/"): "view_dataset",
        ("GET", reverse("admin:datasets_dataset_change", args=[version.dataset.pk])): "view_dataset",
        ("GET", ADD): "add_dataset",
        ("POST", ADD): "add_dataset",
        ("GET", reverse(named["dataset_version"], args=[version.dataset.pk])): "add_datasetversion",
        ("POST", reverse(named["dataset_version"], args=[version.dataset.pk])): "add_datasetversion",
        ("GET", "/admin/datasets/datasetversion/"): "view_datasetversion",
        ("GET", change): "view_datasetversion",
        ("GET", sheet): "view_datasetversion",
        ("GET", reverse(named["datasetversion_state"], args=[version.pk])): "view_datasetversion",
        ("POST", act_on(version, "ingest")): "add_datasetversion",
        ("POST", act_on(version, "discard")): "add_datasetversion",
        ("POST", cancel): "change_datasetversion",
    }


ACTS = ("change", "sheet", "cancel")


def test_only_staff_with_the_permission_get_in() -> None:
    version = ingested(zipped(class_folders(4)))
    strangers = [client_of("ordinary", "add_dataset", "view_datasetversion", is_staff=False), Client()]
    others = {"view_dataset", "add_dataset", "view_datasetversion", "add_datasetversion", "change_datasetversion"}
    for (method, address), permission in addresses(version).items():
        lacking = client_of(f"lacks {method} {address}", *(others - {permission, permission.replace("view", "change")}))
        allowed = client_of(f"has {method} {address}", permission)
        assert lacking.generic(method, address).status_code == 403, (method, address)
        assert allowed.generic(method, address).status_code in (200, 286, 302), (method, address)
        for stranger in strangers:
            answer = stranger.generic(method, address)
            assert (answer.status_code, answer["Location"][:13]) == (302, "/admin/login/"), (method, address)
    assert Dataset.objects.count() == 1


def test_a_form_without_its_token_is_refused(sue: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = sue.cookies
    fields = {"name": "Signs", "upload": zipped(class_folders(4)), "least_pictures": 2}
    assert strict.post(ADD, fields).status_code == 403
    assert not Dataset.objects.exists()


def test_a_strangers_upload_is_turned_away_before_it_is_read() -> None:
    class Unreadable:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    answer = Client().generic(
        "POST", ADD, b"", "multipart/form-data; boundary=x", **{"wsgi.input": Unreadable(), "CONTENT_LENGTH": "9"}
    )
    assert answer.status_code == 302


def test_an_upload_never_lies_in_memory(sue: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("held in memory")

    monkeypatch.setattr(MemoryFileUploadHandler, "new_file", refuse)
    sue.post(ADD, {"name": "Signs", "upload": zipped(class_folders(4)), "least_pictures": 2})
    assert DatasetVersion.objects.exists()
