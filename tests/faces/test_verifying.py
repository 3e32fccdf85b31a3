"""Two photos compared: what is answered, and what is left afterwards."""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from mlcore.faces.card import face_card
from tests.faces.chain import StubChain, photo_upload
from tests.faces.conftest import Work, ask
from tests.recognition.conftest import stored_files, visit
from tests.refusals import refused
from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.faces import retention, services
from webapp.faces.answers import Comparison, answer_of
from webapp.faces.models import FaceQuestion
from webapp.faces.worker import answering as worker
from webapp.faces.worker import loaded
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.storage import orphans

pytestmark = pytest.mark.django_db(transaction=True)


def answered(question: FaceQuestion) -> Comparison:
    """Read the answer, which there must be."""
    question.refresh_from_db()
    answer = answer_of(question)
    assert isinstance(answer, Comparison), question.error
    return answer


def test_the_same_person_passes_and_another_does_not(agreed: Owner, work: Work) -> None:
    same, other = ask(agreed), ask(agreed, image_b=photo_upload("ben"))
    work()
    assert answered(same).same
    assert answered(same).score == pytest.approx(1, abs=0.02)
    assert not answered(other).same
    assert answered(other).score < answered(other).setting.threshold


def test_an_answer_states_what_its_threshold_means(agreed: Owner, work: Work) -> None:
    question = ask(agreed)
    work()
    setting = answered(question).setting
    assert setting.threshold == face_card().threshold_at(face_card().default_far)
    assert "1 in 100 pairs of strangers would pass" in setting.sentence
    assert face_card().measured_on in setting.sentence


def test_every_pair_of_faces_is_scored(agreed: Owner, work: Work) -> None:
    question = ask(agreed, image_a=photo_upload(faces=3), image_b=photo_upload(faces=2))
    work()
    answer = answered(question)
    assert [len(photo.faces) for photo in answer.photos] == [3, 2]
    assert [len(row) for row in answer.scores] == [2, 2, 2]
    assert answer.photos[0].faces[0].crop.startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize(
    ("faces", "words"), [((0, 1), "in the first photo"), ((1, 0), "in the second photo"), ((0, 0), "in either photo")]
)
def test_no_face_is_said_with_what_to_try(agreed: Owner, work: Work, faces: tuple[int, int], words: str) -> None:
    first, second = (photo_upload(faces=n_faces) for n_faces in faces)
    question = ask(agreed, image_a=first, image_b=second)
    work()
    question.refresh_from_db()
    assert (question.status, question.error_code, question.answer) == (JobStatus.FAILED, "no_face", None)
    assert words in question.error
    assert "Try one that is upright" in question.error


def photos_wait(question: FaceQuestion, settings: Any) -> bool:
    """Return whether the photos of a question still lie in storage; its row must say the same."""
    question.refresh_from_db()
    assert bool(question.photos) == bool(stored_files(settings))
    return bool(question.photos)


@pytest.mark.parametrize("faces", [1, 0])
def test_photos_go_when_the_job_is_ready_or_failed(agreed: Owner, work: Work, settings: Any, faces: int) -> None:
    question = ask(agreed, image_a=photo_upload(faces=faces))
    assert photos_wait(question, settings)
    work()
    assert not photos_wait(question, settings)


def test_photos_go_when_the_worker_breaks(
    agreed: Owner, work: Work, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StubChain, "embed", lambda *_: 1 / 0)
    question = ask(agreed)
    work()
    assert not photos_wait(question, settings)
    assert question.error_code == "internal"


def test_photos_go_when_the_job_is_cancelled_before_it_starts(agreed: Owner, settings: Any) -> None:
    question = ask(agreed)
    jobs.cancel(question)
    retention.forget()
    assert not photos_wait(question, settings)


def test_photos_go_when_the_job_is_cancelled_while_it_runs(
    agreed: Owner, work: Work, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, cancelled = threading.Event(), threading.Event()

    def slow(self: StubChain, picture: Any) -> list[Any]:
        looking.set()
        assert cancelled.wait(10)
        return []

    monkeypatch.setattr(StubChain, "detect", slow)
    question = ask(agreed)
    thread = threading.Thread(target=_work_and_close, args=(work,))
    thread.start()
    assert looking.wait(10)
    jobs.cancel(question)
    cancelled.set()
    thread.join()
    assert not photos_wait(question, settings)
    assert question.status == JobStatus.CANCELLED


def _work_and_close(work: Work) -> None:
    try:
        work()
    finally:
        connection.close()


def test_photos_go_when_the_worker_is_lost(agreed: Owner, settings: Any) -> None:
    question = ask(agreed)
    for _attempt in range(question.max_attempts):
        assert jobs.claim(FaceQuestion, question.pk, "a worker that is killed")
        FaceQuestion.objects.update(lease_expires=timezone.now() - timedelta(seconds=1))
        retention.forget()
        assert photos_wait(question, settings)
        jobs.sweep()
    retention.forget()
    assert not photos_wait(question, settings)
    assert question.error_code == "worker_lost"


def test_photos_that_nobody_looks_at_go_after_ten_minutes(agreed: Owner, settings: Any) -> None:
    question = ask(agreed)
    FaceQuestion.objects.update(created=timezone.now() - timedelta(minutes=11))
    retention.forget()
    assert not photos_wait(question, settings)
    assert question.status == JobStatus.CANCELLED


def test_an_answer_goes_after_ten_minutes(agreed: Owner, work: Work) -> None:
    question = ask(agreed)
    work()
    retention.forget()
    assert FaceQuestion.objects.owned_by(agreed).exists()
    FaceQuestion.objects.update(finished=timezone.now() - timedelta(seconds=601))
    assert not FaceQuestion.objects.owned_by(agreed).exists()
    retention.forget()
    assert not FaceQuestion.objects.filter(pk=question.pk).exists()


def test_a_worker_whose_question_is_erased_writes_nothing(
    agreed: Owner, work: Work, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def erasing(self: StubChain, chips: Any) -> Any:
        services.withdraw_consent(owner=agreed)
        return chips.mean((1, 2))

    monkeypatch.setattr(StubChain, "embed", erasing)
    ask(agreed)
    work()
    assert not FaceQuestion.objects.exists()
    assert not stored_files(settings)


def test_photos_without_a_row_go(agreed: Owner, settings: Any) -> None:
    waiting = ask(agreed)
    folder = Path(settings.MEDIA_ROOT) / "faces"
    for name in ("orphan.jpg", "young.jpg"):
        (folder / name).write_bytes(b"x")
    for path in folder.iterdir():
        if path.name != "young.jpg":
            os.utime(path, (time.time() - 700,) * 2)
    orphans.delete_brief_orphans()
    assert stored_files(settings) == {*waiting.photos, "faces/young.jpg"}


def test_a_photo_that_cannot_be_used_is_named_and_nothing_is_kept(agreed: Owner, settings: Any) -> None:
    with pytest.raises(UserError, match=r"Second photo: This is not a JPEG"):
        ask(agreed, image_b=SimpleUploadedFile("notes.txt", b"text"))
    assert not stored_files(settings)
    assert not FaceQuestion.objects.exists()


@pytest.mark.parametrize("far", [0.5, 0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_not_offered_is_refused(agreed: Owner, far: float) -> None:
    with refused("not_measurable"):
        ask(agreed, far=far)


def test_questions_are_limited(agreed: Owner, settings: Any) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "active_jobs": 1}
    ask(agreed)
    with refused("too_many_jobs"):
        ask(agreed)
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "active_jobs": 9, "face_questions_per_minute": 2}
    with refused("too_often"):
        ask(agreed)


def test_the_log_holds_no_name_and_no_number_of_a_face(
    agreed: Owner, work: Work, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "Canaria Zephyrina"
    person = services.add_person(owner=agreed, name=canary)
    services.enrol(person=person, images=[photo_upload(name=f"{canary}.jpg")])
    work()
    monkeypatch.setattr(StubChain, "embed", lambda *_: 1 / 0)
    services.identify(owner=agreed, image=photo_upload(name=f"{canary}.jpg"))
    work()
    assert "our fault" in caplog.text
    assert "Zephyrina" not in caplog.text


def test_a_page_shows_the_answer_to_its_owner_alone(agreed: Owner, stranger: Owner, work: Work) -> None:
    client = visit(agreed)
    sent = client.post("/faces/verify/", {"image_a": photo_upload(), "image_b": photo_upload(faces=2)})
    assert sent.status_code == 302
    assert "queued" in client.get(sent["Location"]).content.decode()
    work()
    shown = client.get(sent["Location"])
    assert "This passes as the same person." in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert visit(stranger).get(sent["Location"]).status_code == 404


def test_a_page_without_photos_says_so(agreed: Owner) -> None:
    answer = visit(agreed).post("/faces/verify/", {})
    assert answer.status_code == 422
    assert "A photo is missing" in answer.content.decode()


def test_warming_uses_the_chain_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded, "chain", StubChain)
    worker.warm()
