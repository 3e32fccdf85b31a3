"""Adapting in steps is told to the person, can be cancelled, and leaves no classifier when it diverges."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from django.db import connection

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.method_config import METHODS
from mlcore.methods import build_method
from tests.checkpoints.candidates import registered
from tests.recognition import stepwise
from tests.recognition.conftest import stored_files
from tests.recognition.pictures import drawing_upload
from tests.recognition.stepwise import REGISTERED
from tests.refusals import refused
from tests.running import wait_until
from webapp.checkpoints.models import Act, Checkpoint, Publication
from webapp.jobs import services as jobs
from webapp.jobs.claims import Claim
from webapp.jobs.models import JobStatus
from webapp.recognition import services
from webapp.recognition.allowances import bytes_used
from webapp.recognition.models import Classifier, Prediction, SupportSet
from webapp.recognition.worker import classifying as worker
from webapp.recognition.worker import loaded, measuring

BACKBONE = BackboneConfig(name="conv4", image_size=56, width=8)
Save = Callable[..., Checkpoint]


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(METHODS, "stepwise", REGISTERED)
    for kept in (loaded.methods, loaded.classifiers):
        kept._values.clear()
    yield
    loaded.methods._values.clear()


@pytest.fixture
def save(settings: Any, tmp_path: Path) -> Save:
    """Return a function that saves an untrained method and registers its checkpoint, as one that was published."""
    settings.DATA_DIR = tmp_path
    settings.GLIMPSE_DEVICE = "cpu"

    def saved(method: str, *, live: bool = False, **config: Any) -> Checkpoint:
        torch.manual_seed(0)
        built = METHODS[method].config(backbone=BACKBONE, **config)
        card = ModelCard(name=method, kind="characters", method=method, config=built.to_dict(), transform="characters")
        save_checkpoint(tmp_path / method, build_method(method, built), card)
        row = registered(tmp_path / method, live=live)
        Publication.objects.create(kind=row.kind, act=Act.PUBLISH, checkpoint=row, card=row.card)
        return row

    return saved


def start(signs: SupportSet, checkpoint: Checkpoint) -> Classifier:
    return services.start_classifier(owner=signs.owner, support_set=signs, checkpoint=checkpoint.name)


def learned(classifier: Classifier) -> Classifier:
    worker.learn(str(classifier.pk))
    return Classifier.objects.get(pk=classifier.pk)


def test_steps_and_loss_are_kept_with_the_classifier(signs: SupportSet, save: Save) -> None:
    row = learned(start(signs, save("stepwise", adapt_steps=4)))
    assert row.status == JobStatus.READY
    assert (row.steps, row.loss) == (4, 0.25)


def test_a_method_without_steps_has_none(signs: SupportSet, save: Save) -> None:
    row = learned(start(signs, save("prototypical")))
    assert (row.status, row.steps, row.loss) == (JobStatus.READY, None, None)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_unequal_classes_and_answers(signs: SupportSet, save: Save, method: str) -> None:
    services.add_images(support_set=signs, class_name="kite", files=[drawing_upload(5)])
    services.add_images(support_set=signs, class_name="snail", files=[drawing_upload(seed) for seed in (6, 7)])
    row = learned(start(signs, save(method)))
    assert row.status == JobStatus.READY, row.error
    loaded.classifiers._values.clear()
    prediction = services.start_prediction(owner=row.owner, classifier=row, files=[drawing_upload(9)])
    worker.predict(str(prediction.pk))
    result = Prediction.objects.get(pk=prediction.pk).queries.get().result
    assert result is not None
    assert sum(result["scores"].values()) == pytest.approx(1, abs=1e-5)


def test_the_bar_goes_on_from_looking_to_adapting(
    signs: SupportSet, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[tuple[float, str]] = []
    monkeypatch.setattr(Claim, "progress", lambda claim, share, text="": reports.append((share, text)))
    monkeypatch.setattr(measuring, "measure_now_or_later", lambda *_args, **_more: None)
    learned(start(signs, save("stepwise", adapt_steps=2)))
    assert reports == [
        (0.0, "Looking at picture 1 of 4"),
        (0.75, "Adapting: step 1 of 2"),
        (1.0, "Adapting: step 2 of 2"),
    ]


def test_the_row_is_not_written_at_every_step(signs: SupportSet, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[dict[str, Any]] = []
    write = Claim._write
    monkeypatch.setattr(Claim, "_write", lambda claim, **fields: writes.append(fields) or write(claim, **fields))
    learned(start(signs, save("stepwise", adapt_steps=500)))
    assert len([write for write in writes if "progress_text" in write and "status" not in write]) <= 3


def test_an_inner_loop_that_diverges_leaves_no_classifier(signs: SupportSet, save: Save, settings: Any) -> None:
    before = stored_files(settings)
    row = learned(start(signs, save("stepwise", diverges_at=3)))
    assert (row.status, row.error_code) == (JobStatus.FAILED, "cannot_learn")
    assert "Choose another method" in row.error
    assert (row.steps, row.loss, row.state_file.name) == (None, None, "")
    assert stored_files(settings) == before


@pytest.mark.django_db(transaction=True)
def test_cancelling_stops_the_adaptation_within_five_seconds_of_its_work(
    signs: SupportSet, save: Save, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[float] = []

    def pause(seconds: float) -> None:
        steps.append(seconds)
        time.sleep(seconds)

    monkeypatch.setattr(stepwise, "time", SimpleNamespace(sleep=pause))
    classifier = start(signs, save("stepwise", adapt_steps=6000, pause=0.01))
    before = stored_files(settings)

    def work() -> None:
        worker.learn(str(classifier.pk))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    rows = Classifier.objects.filter(pk=classifier.pk)
    wait_until(lambda: rows.get().progress_text.startswith("Adapting: step"))
    done = len(steps)
    jobs.cancel(rows.get())
    thread.join()
    assert sum(steps[done:]) < 5
    assert rows.get().status == JobStatus.CANCELLED
    assert stored_files(settings) == before


def test_what_was_learned_counts_as_stored(signs: SupportSet, save: Save) -> None:
    before = bytes_used(signs.owner)
    row = learned(start(signs, save("prototypical")))
    assert row.bytes == row.state_file.size > 0
    assert bytes_used(signs.owner) == before + row.bytes


def test_what_was_learned_needs_room(signs: SupportSet, save: Save, limit: Any, settings: Any) -> None:
    classifier = start(signs, save("prototypical"))
    before = stored_files(settings)
    limit(guest_bytes=bytes_used(signs.owner) + 100)
    row = learned(classifier)
    assert (row.status, row.error_code) == (JobStatus.FAILED, "storage_full")
    assert stored_files(settings) == before
    limit(guest_bytes=bytes_used(signs.owner))
    with refused("storage_full"):
        start(signs, Checkpoint.objects.get())
