"""The page that deletes says what goes and what stays, to staff who may and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from tests.checkpoints.candidates import candidate
from tests.training import small_runs
from tests.training.people import signed_in
from webapp.checkpoints.models import Checkpoint
from webapp.datasets.models import Dataset, DatasetVersion
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun

pytestmark = pytest.mark.django_db
MODELS = (Dataset, DatasetVersion, TrainingRun, Checkpoint)
VIEW = [f"view_{model._meta.model_name}" for model in MODELS]
DELETE = [f"delete_{model._meta.model_name}" for model in MODELS]


@pytest.fixture
def rows() -> dict[str, Model]:
    """Make one of each that could be deleted."""
    version = small_runs.small_version()
    run = small_runs.start(version)
    TrainingRun.objects.update(status=JobStatus.FAILED)
    return {"dataset": version.dataset, "datasetversion": version, "trainingrun": run, "checkpoint": candidate("new")}


def addresses(rows: dict[str, Model]) -> list[str]:
    return [reverse(f"admin:{row._meta.app_label}_{name}_delete", args=[row.pk]) for name, row in rows.items()]


def test_ordinary_users_are_sent_to_sign_in(rows: dict[str, Model]) -> None:
    for client in (Client(), signed_in(*VIEW, *DELETE, is_staff=False)):
        for address in addresses(rows):
            assert client.get(address).status_code == client.post(address).status_code == 302
    assert all(type(row)._default_manager.filter(pk=row.pk).exists() for row in rows.values())


def test_staff_without_the_permission_are_refused(rows: dict[str, Model]) -> None:
    for client in (
        signed_in("view_user"),
        signed_in(*VIEW),
        signed_in(*VIEW, "change_trainingrun", "publish_checkpoint"),
    ):
        for address in addresses(rows):
            assert client.get(address).status_code == client.post(address).status_code == 403
    assert all(type(row)._default_manager.filter(pk=row.pk).exists() for row in rows.values())


def test_pages_offer_it_to_those_who_may(rows: dict[str, Model]) -> None:
    for name, row in rows.items():
        page = reverse(f"admin:{row._meta.app_label}_{name}_change", args=[row.pk])
        link = f'href="{reverse(f"admin:{row._meta.app_label}_{name}_delete", args=[row.pk])}"'
        assert link in signed_in(*VIEW, *DELETE).get(page).content.decode()
        assert link not in signed_in(*VIEW).get(page).content.decode()


def test_nothing_is_deleted_by_looking(rows: dict[str, Model]) -> None:
    client = signed_in(*VIEW, *DELETE)
    pages = {name: client.get(address).content.decode() for name, address in zip(rows, addresses(rows), strict=True)}
    assert all("What goes, for good" in page for page in pages.values())
    assert "marked as deleted, for 1 training run" in pages["datasetversion"]
    assert all(type(row)._default_manager.filter(pk=row.pk).exists() for row in rows.values())


@pytest.mark.parametrize("name", ["trainingrun", "checkpoint"])
def test_what_is_deleted_is_gone_and_written_down(rows: dict[str, Model], name: str) -> None:
    client, row = signed_in(*VIEW, *DELETE), rows[name]
    answer = client.post(reverse(f"admin:{row._meta.app_label}_{name}_delete", args=[row.pk]))
    assert answer.headers["Location"] == reverse(f"admin:{row._meta.app_label}_{name}_changelist")
    assert not type(row)._default_manager.filter(pk=row.pk).exists()
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == (str(row.pk), "Deleted.")
    assert client.get(reverse(f"admin:{row._meta.app_label}_{name}_delete", args=[row.pk])).status_code == 404


def test_what_may_not_be_deleted_says_why_and_offers_no_button(rows: dict[str, Model]) -> None:
    Checkpoint.objects.update(live=True)
    client, address = (
        signed_in(*VIEW, *DELETE),
        reverse("admin:checkpoints_checkpoint_delete", args=[rows["checkpoint"].pk]),
    )
    page = client.get(address).content.decode()
    assert "It is live." in page
    assert "act-stop" not in page
    assert "It is live." in client.post(address).content.decode()
    assert Checkpoint.objects.exists()


def test_a_run_that_left_a_checkpoint_asks_for_both_permissions(rows: dict[str, Any]) -> None:
    TrainingRun.objects.update(status=JobStatus.READY, checkpoint=rows["checkpoint"])
    address = reverse("admin:training_trainingrun_delete", args=[rows["trainingrun"].pk])
    assert signed_in(*VIEW, "delete_trainingrun").post(address).status_code == 403
    assert signed_in(*VIEW, "delete_trainingrun", "delete_checkpoint").post(address).status_code == 302
    assert not Checkpoint.objects.exists()


def test_a_data_set_asks_for_the_permission_to_delete_its_versions(rows: dict[str, Any]) -> None:
    address = reverse("admin:datasets_dataset_delete", args=[rows["dataset"].pk])
    assert signed_in(*VIEW, "delete_dataset").post(address).status_code == 403


@pytest.mark.parametrize("name", ["dataset", "datasetversion", "trainingrun", "checkpoint"])
def test_nothing_is_deleted_by_the_dozen(rows: dict[str, Model], name: str) -> None:
    sent = {"action": "delete_selected", "_selected_action": [str(rows[name].pk)], "post": "yes"}
    signed_in(*VIEW, *DELETE).post(reverse(f"admin:{rows[name]._meta.app_label}_{name}_changelist"), sent)
    assert type(rows[name])._default_manager.filter(pk=rows[name].pk).exists()
