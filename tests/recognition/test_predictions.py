"""Query pictures are asked about, corrected and downloaded as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.recognition.conftest import stored_files
from tests.recognition.pictures import drawing_upload, upload
from tests.refusals import refused
from webapp.jobs.models import JobStatus
from webapp.recognition import services, storage
from webapp.recognition.models import Classifier, Prediction, Query, SupportImage


@pytest.fixture
def prediction(ready: Classifier) -> Prediction:
    files = [drawing_upload(8, "=cmd.png"), drawing_upload(9, "b.png")]
    return services.start_prediction(owner=ready.owner, classifier=ready, files=files)


def test_a_classifier_that_has_not_learned_cannot_be_asked(classifier: Classifier) -> None:
    with refused("classifier_not_ready"):
        services.start_prediction(owner=classifier.owner, classifier=classifier, files=[drawing_upload(1)])


def test_refused_pictures_are_named_and_the_others_go_on(ready: Classifier) -> None:
    files = [upload(b"x", "bad.png"), drawing_upload(9, "good.png")]
    prediction = services.start_prediction(owner=ready.owner, classifier=ready, files=files)
    assert [refusal["file"] for refusal in prediction.refused] == ["bad.png"]
    assert [query.original_name for query in prediction.queries.all()] == ["good.png"]


@pytest.mark.parametrize("files", [[], [upload(b"x")]])
def test_nothing_usable_starts_nothing(ready: Classifier, files: list[Any]) -> None:
    with refused("no_usable_picture"):
        services.start_prediction(owner=ready.owner, classifier=ready, files=files)
    assert not Prediction.objects.exists()


def test_so_many_pictures_at_once_and_no_more(ready: Classifier, limit: Any) -> None:
    limit(queries_per_prediction=1)
    with refused("limit_reached"):
        services.start_prediction(owner=ready.owner, classifier=ready, files=[drawing_upload(1), drawing_upload(2)])


def test_so_many_predictions_may_wait_and_no_more(ready: Classifier, limit: Any) -> None:
    limit(active_jobs=1)
    services.start_prediction(owner=ready.owner, classifier=ready, files=[drawing_upload(1)])
    with refused("too_many_jobs"):
        services.start_prediction(owner=ready.owner, classifier=ready, files=[drawing_upload(1)])


def test_two_requests_at_once_do_not_take_one_place(
    ready: Classifier, limit: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    limit(active_jobs=1)
    take_in = storage.take_in

    def overtaken(*arguments: Any, **keywords: Any) -> storage.Intake:
        Prediction.objects.create(owner=ready.owner, classifier=ready)
        return take_in(*arguments, **keywords)

    before = stored_files(settings)
    monkeypatch.setattr(storage, "take_in", overtaken)
    with refused("too_many_jobs"):
        services.start_prediction(owner=ready.owner, classifier=ready, files=[drawing_upload(1)])
    assert Prediction.objects.count() == 1
    assert stored_files(settings) == before


def test_a_correction_clicked_twice_keeps_one_picture(prediction: Prediction) -> None:
    n_before = SupportImage.objects.count()
    clicks = [prediction.queries.get(position=1) for _ in range(2)]
    kept = [services.correct(query=click, class_name="snail") for click in clicks]
    assert kept[0] == kept[1]
    assert SupportImage.objects.count() == n_before + 1


def test_a_correction_puts_a_copy_into_the_support_set(prediction: Prediction) -> None:
    query = prediction.queries.all()[0]
    kept = services.correct(query=query, class_name="snail")
    assert kept.support_class.name == "snail"
    assert kept.file.name != query.file.name
    assert kept.pixel_digest == query.pixel_digest
    assert Query.objects.get(pk=query.pk).corrected_to == "snail"
    services.delete_prediction(prediction=prediction)
    assert SupportImage.objects.get(pk=kept.pk).file.size


def test_a_second_correction_moves_the_picture(prediction: Prediction) -> None:
    query = prediction.queries.all()[0]
    first = services.correct(query=query, class_name="snail")
    second = services.correct(query=query, class_name="kite")
    assert first.pk == second.pk
    assert SupportImage.objects.get(pk=first.pk).support_class.name == "kite"


def test_a_picture_is_corrected_by_its_file_name(prediction: Prediction) -> None:
    kept = services.correct_file(prediction=prediction, file="b.png", class_name="snail")
    assert kept.original_name == "b.png"
    with refused("unknown_picture"):
        services.correct_file(prediction=prediction, file="c.png", class_name="snail")


def test_a_picture_that_is_gone_cannot_be_kept(prediction: Prediction) -> None:
    Query.objects.update(file="", thumbnail="")
    with refused("picture_gone"):
        services.correct(query=prediction.queries.all()[0], class_name="snail")


def test_csv_has_a_row_a_picture_and_no_formulas(prediction: Prediction) -> None:
    scores = {"anchor": 0.25, "snail": 0.75}
    result = {"class_name": "snail", "confidence": 0.75, "sure": True, "scores": scores, "nearest": []}
    prediction.queries.update(result=result)
    prediction.status = JobStatus.READY
    rows = list(csv.reader(io.StringIO(services.predictions_csv(prediction=prediction))))
    assert rows[0] == ["file", "class", "confidence", "sure", "none of these", "corrected to", "anchor", "snail"]
    assert rows[1] == ["'=cmd.png", "snail", "0.75", "True", "", "", "0.25", "0.75"]
    assert len(rows) == 3
