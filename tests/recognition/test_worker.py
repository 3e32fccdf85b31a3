"""A worker learns support sets and answers query pictures, here on a tiny checkpoint saved by the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from tests.checkpoints.candidates import registered, tiny
from tests.recognition.conftest import stored_files
from tests.recognition.pictures import drawing_upload
from webapp.checkpoints.models import Checkpoint
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.recognition import services
from webapp.recognition.models import Classifier, Prediction, SupportImage, SupportSet
from webapp.recognition.worker import classifying, loaded

NOT_SURE_BELOW = 0.6


@pytest.fixture(autouse=True)
def _empty_memory() -> None:
    loaded.methods._values.clear()
    loaded.classifiers._values.clear()
    classifying._warm.clear()


@pytest.fixture
def checkpoint(db: None, settings: Any, tmp_path: Path) -> Checkpoint:
    """Save a tiny untrained method, and make it the live one for characters."""
    settings.DATA_DIR = tmp_path
    settings.GLIMPSE_DEVICE = "cpu"
    torch.manual_seed(0)
    config = PrototypicalConfig(backbone=BackboneConfig(name="conv4", image_size=56, width=8))
    method = build_method("prototypical", config)
    card = ModelCard(
        name="tiny",
        kind="characters",
        method="prototypical",
        config=config.to_dict(),
        transform="characters",
        not_sure_below=NOT_SURE_BELOW,
    )
    save_checkpoint(tmp_path / "tiny", method, card)
    return registered(tmp_path / "tiny", live=True)


def learned(classifier: Classifier) -> Classifier:
    classifying.learn(str(classifier.pk))
    return Classifier.objects.select_related("checkpoint").get(pk=classifier.pk)


def answered(classifier: Classifier, *seeds: int) -> Prediction:
    files = [drawing_upload(seed) for seed in seeds]
    prediction = services.start_prediction(owner=classifier.owner, classifier=classifier, files=files)
    classifying.predict(str(prediction.pk))
    return Prediction.objects.get(pk=prediction.pk)


def test_learning_leaves_a_ready_classifier_with_its_state(classifier: Classifier, settings: Any) -> None:
    row = learned(classifier)
    assert row.status == JobStatus.READY
    assert row.seconds is not None
    assert row.seconds > 0
    assert row.device == "cpu"
    assert row.state_file.name.endswith(".safetensors")
    assert row.state_file.name in stored_files(settings)


def test_a_support_picture_is_recognised_as_itself(classifier: Classifier) -> None:
    prediction = answered(learned(classifier), 3)
    result = prediction.queries.get().result
    assert prediction.status == JobStatus.READY
    assert result is not None
    assert result["class_name"] == "snail"
    assert result["nearest"][0]["class_name"] == "snail"
    assert result["nearest"][0]["similarity"] == pytest.approx(1, abs=1e-4)
    source = SupportImage.objects.get(pk=result["nearest"][0]["image_id"])
    assert source.original_name == "drawing-3.png"
    assert sum(result["scores"].values()) == pytest.approx(1, abs=1e-5)
    assert result["confidence"] == max(result["scores"].values())


def test_below_the_cards_confidence_an_answer_is_not_sure(classifier: Classifier) -> None:
    for query in answered(learned(classifier), 1, 3, 20, 21).queries.all():
        assert query.result is not None
        assert query.result["sure"] == (query.result["confidence"] >= NOT_SURE_BELOW)


def test_one_picture_alone_gives_what_it_gives_among_many(classifier: Classifier) -> None:
    row = learned(classifier)
    alone = answered(row, 30).queries.get().result
    among = answered(row, *range(20, 40)).queries.get(position=10).result
    assert alone is not None
    assert among is not None
    assert alone["scores"] == pytest.approx(among["scores"], abs=1e-5)


def test_a_restored_classifier_answers_as_the_fresh_one(classifier: Classifier) -> None:
    row = learned(classifier)
    fresh = answered(row, 30).queries.get().result
    loaded.classifiers._values.clear()
    restored = answered(row, 30).queries.get().result
    assert fresh is not None
    assert restored is not None
    assert fresh["scores"] == pytest.approx(restored["scores"], abs=1e-6)


def test_classes_may_have_different_numbers_of_pictures(signs: SupportSet, checkpoint: Checkpoint) -> None:
    services.add_images(support_set=signs, class_name="kite", files=[drawing_upload(seed) for seed in range(50, 62)])
    classifier = services.start_classifier(owner=signs.owner, support_set=signs)
    assert learned(classifier).n_images == 16


def test_a_message_that_comes_twice_is_worked_once(classifier: Classifier) -> None:
    row = learned(classifier)
    assert learned(classifier).state_file.name == row.state_file.name


def test_a_cancelled_classifier_never_becomes_ready(classifier: Classifier, settings: Any) -> None:
    before = stored_files(settings)
    jobs.cancel(classifier)
    assert learned(classifier).status == JobStatus.CANCELLED
    assert stored_files(settings) == before


def test_cancelling_while_it_runs_leaves_no_state(
    classifier: Classifier, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored_files(settings)
    keep_state = classifying._keep_state

    def cancel_then_keep(row: Classifier, content: bytes) -> str:
        jobs.cancel(Classifier.objects.get(pk=classifier.pk))
        return keep_state(row, content)

    monkeypatch.setattr(classifying, "_keep_state", cancel_then_keep)
    assert learned(classifier).status == JobStatus.CANCELLED
    assert stored_files(settings) == before


def test_pictures_deleted_a_moment_ago_are_still_learned(classifier: Classifier, signs: SupportSet) -> None:
    services.delete_class(support_class=signs.classes.get(name="snail"))
    assert learned(classifier).status == JobStatus.READY


def test_pictures_gone_for_good_fail_the_job_in_words(classifier: Classifier) -> None:
    SupportImage.objects.all()[0].delete()
    row = learned(classifier)
    assert (row.status, row.error_code) == (JobStatus.FAILED, "picture_gone")
    assert "deleted" in row.error


def test_a_lost_state_fails_the_prediction_in_words(classifier: Classifier) -> None:
    row = learned(classifier)
    loaded.classifiers._values.clear()
    row.state_file.storage.delete(row.state_file.name)
    prediction = answered(row, 1)
    assert prediction.error_code == "state_lost"


def test_a_replaced_checkpoint_fails_the_job_in_words(classifier: Classifier, checkpoint: Checkpoint) -> None:
    Checkpoint.objects.update(digest="another")
    assert learned(classifier).error_code == "checkpoint_replaced"


def test_a_damaged_checkpoint_fails_the_job_in_words(classifier: Classifier, checkpoint: Checkpoint) -> None:
    Path(checkpoint.weights.path).write_bytes(b"x")
    row = learned(classifier)
    assert (row.status, row.error_code) == (JobStatus.FAILED, "checkpoint_damaged")
    assert row.error == "The checkpoint of this classifier is damaged. Learn again with another method."


def test_warming_loads_what_is_live_and_survives_what_is_broken(checkpoint: Checkpoint) -> None:
    Checkpoint.objects.create(name="gone", kind="photos", folder="gone", card={}, digest="0", live=True)
    classifying.warm()
    assert list(loaded.methods._values) == [checkpoint.pk]


def test_what_goes_live_is_loaded_at_the_next_look(checkpoint: Checkpoint, tmp_path: Path) -> None:
    classifying.warm()
    other = registered(tiny(tmp_path, "other"))
    classifying.warm()
    assert list(loaded.methods._values) == [checkpoint.pk]
    Checkpoint.objects.update(live=False)
    Checkpoint.objects.filter(pk=other.pk).update(live=True)
    classifying.warm()
    assert list(loaded.methods._values) == [checkpoint.pk, other.pk]


def test_a_live_one_that_made_room_for_others_is_not_loaded_again_and_again(checkpoint: Checkpoint) -> None:
    classifying.warm()
    loaded.methods._values.clear()
    classifying.warm()
    assert list(loaded.methods._values) == []


def test_memory_keeps_the_latest_and_no_more() -> None:
    from uuid import UUID

    latest: loaded.Latest[int] = loaded.Latest(2)
    first, second, third = (UUID(int=number) for number in range(3))
    latest.put(first, 1)
    latest.put(second, 2)
    assert latest.get(first, lambda: 0) == 1
    latest.put(third, 3)
    assert latest.get(second, lambda: 20) == 20
