"""Pictures are sent to their owner, as pictures and nothing else, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.recognition.conftest import visit
from tests.recognition.pictures import drawing_upload
from webapp.accounts.models import Owner
from webapp.recognition import services
from webapp.recognition.models import Classifier, Query, SupportImage


@pytest.mark.parametrize("name", ["picture", "picture_thumbnail"])
def test_an_owner_gets_a_picture_and_nothing_a_browser_could_run(image: SupportImage, owner: Owner, name: str) -> None:
    response = visit(owner).get(reverse(name, args=[image.pk]))
    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"].startswith("private")
    assert b"".join(response.streaming_content).startswith(b"\x89PNG")  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["picture", "picture_thumbnail"])
def test_for_everyone_else_there_is_no_such_picture(
    image: SupportImage, stranger: Owner, admin_client: Client, name: str
) -> None:
    for client in (visit(None), visit(stranger), admin_client):
        assert client.get(reverse(name, args=[image.pk])).status_code == 404


@pytest.mark.parametrize("name", ["query_picture", "query_thumbnail"])
def test_query_pictures_are_as_private(ready: Classifier, stranger: Owner, name: str) -> None:
    prediction = services.start_prediction(owner=ready.owner, classifier=ready, files=[drawing_upload(9)])
    address = reverse(name, args=[prediction.queries.get().pk])
    assert visit(ready.owner).get(address).status_code == 200
    assert visit(stranger).get(address).status_code == 404
    Query.objects.update(file="", thumbnail="")
    assert visit(ready.owner).get(address).status_code == 404


def test_a_file_that_is_gone_is_not_found(image: SupportImage, owner: Owner) -> None:
    image.file.storage.delete(image.file.name)
    assert visit(owner).get(reverse("picture", args=[image.pk])).status_code == 404


def test_pictures_are_only_read(image: SupportImage, owner: Owner) -> None:
    assert visit(owner).post(reverse("picture", args=[image.pk])).status_code == 405


@pytest.mark.parametrize("model", ["supportset", "classifier", "prediction", "zipimport"])
def test_staff_see_counts_and_sizes_and_never_names_or_pictures(
    admin_client: Client, ready: Classifier, model: str, settings: Any
) -> None:
    services.rename_support_set(support_set=ready.support_set, name="Very private")
    services.rename_classifier(classifier=ready, name="Very private")
    page = admin_client.get(reverse(f"admin:recognition_{model}_changelist"))
    assert page.status_code == 200
    for private in ("Very private", "snail", "/pictures/", "drawing-1.png"):
        assert private not in page.content.decode()
