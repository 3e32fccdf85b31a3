"""What is done with checkpoints is done by staff with the permission alone, at every address and by every action."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from tests.checkpoints.candidates import candidate, make_benchmark, measured, staff
from tests.training.people import signed_in
from webapp.checkpoints.models import Checkpoint, Evaluation, Publication
from webapp.jobs.models import JobStatus

pytestmark = pytest.mark.django_db
ACTS = {"measure": "post", "stop": "post", "publish": "post", "roll_back": "post"}
LOOKS = ("gate", "export", "change", "history")
WHY = {"reason": "we looked at it ourselves"}


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def old() -> Checkpoint:
    return candidate("old", live=True)


@pytest.fixture
def new(old: Checkpoint) -> Checkpoint:
    return candidate("new")


def ask(client: Client, method: str, page: str, *args: Any, **fields: Any) -> HttpResponse:
    response: HttpResponse = getattr(client, method)(reverse(f"admin:checkpoints_checkpoint_{page}", args=args), fields)
    return response


def every_page(client: Client, checkpoint: Checkpoint) -> dict[str, int]:
    answers = {page: ask(client, method, page, checkpoint.pk, **WHY) for page, method in ACTS.items()}
    answers |= {page: ask(client, "get", page, checkpoint.pk) for page in LOOKS}
    answers["import"] = ask(client, "post", "import")
    answers["compare"] = client.get(reverse("admin:training_comparison"))
    answers["changelist"] = ask(client, "get", "changelist")
    answers["action"] = ask(client, "post", "changelist", action="compare", _selected_action=[str(checkpoint.pk)])
    return {page: answer.status_code for page, answer in answers.items()}


def test_strangers_and_ordinary_users_are_sent_to_sign_in(new: Checkpoint) -> None:
    for client in (Client(), signed_in("publish_checkpoint", "view_checkpoint", "add_checkpoint", is_staff=False)):
        assert set(every_page(client, new).values()) == {302}
    assert not Publication.objects.exists()
    assert not Evaluation.objects.exists()


def test_staff_without_any_permission_are_refused_everywhere(new: Checkpoint) -> None:
    answers = every_page(signed_in("view_user"), new)
    assert set(answers.values()) <= {302, 403}
    assert {page for page, status in answers.items() if status == 302} <= {"change", "history"}
    assert not Publication.objects.exists()


def test_staff_who_may_look_may_not_act(new: Checkpoint) -> None:
    answers = every_page(signed_in("view_checkpoint", "view_trainingrun"), new)
    assert {page: answers[page] for page in (*ACTS, "import")} == dict.fromkeys((*ACTS, "import"), 403)
    assert {page: answers[page] for page in ("change", "export", "changelist", "compare", "history")} == dict.fromkeys(
        ("change", "export", "changelist", "compare", "history"), 200
    )
    page = ask(signed_in("view_checkpoint"), "get", "change", new.pk).content.decode()
    assert "Publishing needs a permission" in page
    assert "Publish all the same" not in page


def test_staff_with_the_permission_publish_and_roll_back(new: Checkpoint) -> None:
    client = signed_in("view_checkpoint", "publish_checkpoint")
    answer = ask(client, "post", "publish", new.pk, **WHY, instead_of="old")
    assert [str(message) for message in get_messages(answer.wsgi_request)] == [
        "new is live: new classifiers stand on it."
    ]
    assert Checkpoint.objects.live().get() == new
    ask(client, "post", "roll_back", new.pk, instead_of="new")
    assert Checkpoint.objects.live().get().name == "old"


def test_acts_are_never_done_by_a_link(new: Checkpoint) -> None:
    client = Client()
    client.force_login(staff())
    for page in ACTS:
        assert ask(client, "get", page, new.pk).status_code == 405


def test_a_checkpoint_that_is_not_there_is_404() -> None:
    client = Client()
    client.force_login(staff())
    for page, method in (*ACTS.items(), ("gate", "get"), ("export", "get")):
        assert ask(client, method, page, uuid4()).status_code == 404


def test_the_page_shows_the_card_the_gate_and_asks_for_a_reason(old: Checkpoint, new: Checkpoint) -> None:
    client = Client()
    client.force_login(staff())
    page = ask(client, "get", "change", new.pk).content.decode()
    assert "There is no benchmark" in page
    assert "Publish all the same" in page
    benchmark = make_benchmark()
    assert "Measure against old" in ask(client, "get", "change", new.pk).content.decode()
    measured(new, old, benchmark)
    page = ask(client, "get", "change", new.pk).content.decode()
    assert page.count("Not worse") == 2
    assert "Publish all the same" not in page


def test_the_page_of_a_publication_shows_its_reason_its_gate_and_its_card(new: Checkpoint) -> None:
    client = Client()
    client.force_login(staff())
    ask(client, "post", "publish", new.pk, **WHY)
    row = Publication.objects.get()
    page = client.get(reverse("admin:checkpoints_publication_change", args=[row.pk])).content.decode()
    for sentence in (WHY["reason"], "There is no benchmark", "What it learned from"):
        assert sentence in page
    assert (
        client.post(reverse("admin:checkpoints_publication_change", args=[row.pk]), {"reason": "x"}).status_code == 403
    )
    assert (
        client.post(reverse("admin:checkpoints_publication_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    )


def test_a_refusal_is_shown_in_words(new: Checkpoint) -> None:
    client = Client()
    client.force_login(staff())
    answer = ask(client, "post", "publish", new.pk, reason="so")
    assert "The gate did not pass" in str(next(iter(get_messages(answer.wsgi_request))))
    assert not Publication.objects.exists()


def test_a_reason_that_was_refused_is_not_typed_again(new: Checkpoint) -> None:
    client = Client()
    client.force_login(staff())
    for reason, instead_of in (("so <so>", "old"), ("nobody else was here", "older")):
        ask(client, "post", "publish", new.pk, reason=reason, instead_of=instead_of)
        assert f">{escape(reason)}</textarea>" in ask(client, "get", "change", new.pk).content.decode()
    assert reason not in ask(client, "get", "change", candidate("third").pk).content.decode()
    ask(client, "post", "publish", new.pk, reason=reason, instead_of="old")
    assert Publication.objects.get().reason == reason
    assert f"reason to publish {new.pk}" not in client.session


def test_the_gate_is_polled_until_the_measurement_is_over(old: Checkpoint, new: Checkpoint) -> None:
    client = Client()
    client.force_login(staff())
    make_benchmark()
    ask(client, "post", "measure", new.pk)
    answer = ask(client, "get", "gate", new.pk)
    assert (answer.status_code, b"hx-get" in answer.content) == (200, True)
    Evaluation.objects.update(status="failed", error="It broke.")
    answer = ask(client, "get", "gate", new.pk)
    assert (answer.status_code, b"hx-get" in answer.content, b"It broke." in answer.content) == (286, False, True)


def test_a_measurement_is_stopped(new: Checkpoint) -> None:
    client = Client()
    client.force_login(staff())
    make_benchmark()
    answer = ask(client, "post", "stop", new.pk)
    assert "Nothing is being measured" in str(next(iter(get_messages(answer.wsgi_request))))
    ask(client, "post", "measure", new.pk)
    assert "Stop" in ask(client, "get", "change", new.pk).content.decode()
    ask(client, "post", "stop", new.pk)
    assert Evaluation.objects.get().status == JobStatus.CANCELLED
    assert "Cancelled." in ask(client, "get", "gate", new.pk).content.decode()


def test_a_download_is_a_zip(new: Checkpoint) -> None:
    client = Client()
    client.force_login(staff())
    answer = ask(client, "get", "export", new.pk)
    assert answer["Content-Disposition"] == 'attachment; filename="new.zip"'
    assert answer.streaming
    assert b"".join(answer.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]


def test_what_cannot_be_imported_is_said_on_the_form() -> None:
    client = Client()
    client.force_login(staff())
    answer = ask(client, "post", "import", file=io.BytesIO(b"no zip"))
    assert (answer.status_code, b"no zip that can be read" in answer.content) == (422, True)
    assert b"Choose a zip first" in ask(client, "post", "import").content
    assert ask(client, "get", "import").status_code == 200
