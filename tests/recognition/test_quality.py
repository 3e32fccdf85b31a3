"""Right after learning a person knows how good the classifier is, whatever the support set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from django.test import Client
from django.urls import reverse

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.errors import AdaptationError
from mlcore.method_config import METHODS
from mlcore.methods import build_method
from tests.api.belongings import measured
from tests.checkpoints.candidates import registered
from tests.recognition.conftest import visit
from tests.recognition.pictures import drawing_upload
from tests.recognition.stepwise import REGISTERED
from tests.refusals import refused
from webapp.checkpoints.models import Act, Checkpoint, Publication
from webapp.jobs import services as jobs
from webapp.jobs.claims import Claim
from webapp.jobs.models import JobStatus
from webapp.recognition import services
from webapp.recognition.models import Classifier, Quality, SupportImage, SupportSet
from webapp.recognition.trust.quality import QualityReport
from webapp.recognition.worker import classifying, loaded, measuring

Learn = Callable[..., Classifier]


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(METHODS, "stepwise", REGISTERED)
    for kept in (loaded.methods, loaded.classifiers):
        kept._values.clear()
    yield
    loaded.methods._values.clear()


@pytest.fixture
def learn(settings: Any, tmp_path: Path) -> Learn:
    """Return a function that has an untrained method learn a support set."""
    settings.DATA_DIR, settings.GLIMPSE_DEVICE = tmp_path, "cpu"

    def learned(support_set: SupportSet, method: str = "prototypical", **config: Any) -> Classifier:
        checkpoint = Checkpoint.objects.filter(name=method).first() or _saved(tmp_path / method, method, config)
        started = services.start_classifier(
            owner=support_set.owner, support_set=support_set, checkpoint=checkpoint.name
        )
        classifying.learn(str(started.pk))
        row = Classifier.objects.select_related("checkpoint", "owner").get(pk=started.pk)
        assert row.status == JobStatus.READY, row.error
        return row

    return learned


def _saved(folder: Path, method: str, config: dict[str, Any]) -> Checkpoint:
    torch.manual_seed(0)
    built = METHODS[method].config(backbone=BackboneConfig(name="conv4", image_size=56, width=8), **config)
    results = [{"dataset": "d", "protocol": "5-way 1-shot", "accuracy": 0.9, "ci95": 0.0062, "episodes": 1000}]
    card = ModelCard(
        name=method,
        kind="characters",
        method=method,
        config=built.to_dict(),
        transform="characters",
        results=results,
    )
    save_checkpoint(folder, build_method(method, built), card)
    row = registered(folder)
    Publication.objects.create(kind=row.kind, act=Act.PUBLISH, checkpoint=row, card=row.card)
    return row


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every quality be measured in a job of its own, as that of a method with long inner loops is."""
    monkeypatch.setattr(measuring, "measure_now_or_later", lambda quality, *_support, **_times: jobs.send(quality))


def add(support_set: SupportSet, name: str, *seeds: int) -> None:
    files = [drawing_upload(seed) for seed in seeds]
    services.add_images(support_set=support_set, class_name=name, files=files)


def page_of(classifier: Classifier) -> str:
    page = visit(classifier.owner).get(reverse("classifier", args=[classifier.pk]))
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def quality_of(classifier: Classifier) -> Quality:
    return Quality.objects.get(classifier=classifier)


def test_once_it_has_learned_every_picture_was_asked_about(signs: SupportSet, learn: Learn) -> None:
    row = learn(signs)
    quality = quality_of(row)
    assert (quality.status, quality.n_rounds) == (JobStatus.READY, 2)
    assert {answer["image_id"] for answer in quality.answers} == set(row.support_image_ids)
    labels = dict(zip(row.support_image_ids, row.labels, strict=True))
    assert all(answer["label"] == labels[answer["image_id"]] for answer in quality.answers)


def test_the_page_opens_with_how_good_it_is(signs: SupportSet, learn: Learn) -> None:
    page = page_of(learn(signs))
    n_right = QualityReport(Classifier.objects.get()).n_right
    assert f"It knew {n_right} of 4 of your own pictures" in page
    assert "Of 100 new pictures" in page or "Expect nearly all" in page
    assert "anchor and snail have two pictures each, which tell little" in page
    assert page.index("How good it is") < page.index("What is this?") < page.index("How it learned")


def test_a_card_speaks_where_each_class_has_one_picture(support_set: SupportSet, learn: Learn) -> None:
    for name, seed in (("anchor", 1), ("snail", 2)):
        add(support_set, name, seed)
    row = learn(support_set)
    assert (quality_of(row).status, quality_of(row).answers) == (JobStatus.READY, [])
    page = page_of(row)
    assert "With one picture a class it cannot be known how often it will be right" in page
    assert "named about 90 in 100 rightly with 5 classes of one picture each" in page
    assert "of 20 such sets of classes, 19 came out between 63 and 100" in page
    assert "You have fewer classes than that, which is easier." in page
    assert "Add a second picture to each class" in page


def test_a_class_with_one_picture_among_others_is_named(signs: SupportSet, learn: Learn) -> None:
    add(signs, "kite", 5)
    row = learn(signs)
    assert len(quality_of(row).answers) == 4
    page = page_of(row)
    assert "Of kite nothing is known: it has one picture" in page
    assert "cannot be known" in page
    assert QualityReport(row).expected is not None


def test_where_one_class_alone_could_be_asked_about_no_share_is_promised(support_set: SupportSet, learn: Learn) -> None:
    add(support_set, "anchor", 1, 2, 3)
    for name, seed in (("snail", 4), ("kite", 5)):
        add(support_set, name, seed)
    row = learn(support_set)
    page = page_of(row)
    assert "of 3 of your own pictures" in page
    assert "Of 100 new pictures of these classes" not in page
    assert "On pictures that were not yours" in page


def test_the_same_picture_everywhere_is_known_no_better_than_by_chance(support_set: SupportSet, learn: Learn) -> None:
    for name in ("anchor", "snail"):
        for _ in range(3):
            add(support_set, name, 7)
    SupportImage.objects.update(pixel_digest="")
    report = QualityReport(learn(support_set))
    assert report.expected is not None or report.n_asked == 0
    assert report.n_right <= report.n_asked / 2


def test_of_a_large_set_some_are_asked_about_and_the_page_says_so(
    support_set: SupportSet, learn: Learn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "AT_MOST", 4)
    monkeypatch.setattr(measuring, "MOST_ROUNDS", 1)
    add(support_set, "anchor", *range(1, 6))
    add(support_set, "snail", *range(11, 16))
    row = learn(support_set)
    assert (len(quality_of(row).answers), quality_of(row).n_rounds) == (4, 1)
    assert "Told from 4 of your 10 pictures, as many of each class as go." in page_of(row)


def test_what_takes_longer_than_learning_is_a_job_of_its_own(signs: SupportSet, learn: Learn) -> None:
    row = learn(signs, "stepwise", adapt_steps=10, pause=0.05)
    assert quality_of(row).status == JobStatus.QUEUED
    page = page_of(row)
    assert "Being found out" in page
    assert reverse("classifier_quality_cancel", args=[row.pk]) in page
    measuring.measure(str(quality_of(row).pk))
    assert (quality_of(row).status, len(quality_of(row).answers)) == (JobStatus.READY, 4)


def test_the_live_part_follows_and_ends_the_polling(signs: SupportSet, learn: Learn, later: None) -> None:
    row = learn(signs)
    client, address = visit(row.owner), reverse("classifier_quality", args=[row.pk])
    waiting = client.get(address, headers={"HX-Request": "true"})
    assert (waiting.status_code, b"<progress" in waiting.content) == (200, True)
    measuring.measure(str(quality_of(row).pk))
    over = client.get(address, headers={"HX-Request": "true"})
    assert (over.status_code, over["HX-Retarget"]) == (286, "#quality")
    assert b"It knew" in over.content
    assert client.get(address).status_code == 302


def test_it_can_be_cancelled_and_measured_again(signs: SupportSet, learn: Learn, later: None) -> None:
    row = learn(signs)
    client = visit(row.owner)
    page = client.post(reverse("classifier_quality_cancel", args=[row.pk]), follow=True).content.decode()
    assert "You stopped this before it was found out" in page
    measuring.measure(str(quality_of(row).pk))
    assert quality_of(row).status == JobStatus.CANCELLED
    client.post(reverse("classifier_quality_measure", args=[row.pk]))
    again = quality_of(row)
    client.post(reverse("classifier_quality_measure", args=[row.pk]))
    assert (quality_of(row), again.status) == (again, JobStatus.QUEUED)
    measuring.measure(str(again.pk))
    assert quality_of(row).status == JobStatus.READY


def test_it_gives_way_to_a_question_of_its_owner_and_goes_on_where_it_was(
    signs: SupportSet, learn: Learn, later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = learn(signs)
    prediction = services.start_prediction(owner=row.owner, classifier=row, files=[drawing_upload(9)])
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(measuring, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    measuring.measure(str(quality_of(row).pk))
    waiting = quality_of(row)
    assert (waiting.status, waiting.n_rounds, len(waiting.answers)) == (JobStatus.QUEUED, 1, 2)
    assert waiting.created > prediction.created
    classifying.predict(str(prediction.pk))
    measuring.measure(str(waiting.pk))
    assert (quality_of(row).status, len(quality_of(row).answers)) == (JobStatus.READY, 4)
    assert {answer["image_id"] for answer in quality_of(row).answers} == set(row.support_image_ids)


def test_another_attempt_goes_on_after_a_worker_was_killed(
    signs: SupportSet, learn: Learn, later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = learn(signs)

    def killed(claim: Claim[Quality], **fields: Any) -> None:
        Quality.objects.filter(pk=claim.job.pk).update(**fields, status=JobStatus.QUEUED)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Claim, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            measuring.measure(str(quality_of(row).pk))
    assert quality_of(row).n_rounds == 1
    measuring.measure(str(quality_of(row).pk))
    assert (quality_of(row).status, quality_of(row).n_rounds, len(quality_of(row).answers)) == (JobStatus.READY, 2, 4)


def test_a_method_that_loses_its_way_without_some_pictures_is_said_and_can_be_asked(
    signs: SupportSet, learn: Learn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverging(*_args: Any, **_more: Any) -> Iterator[Any]:
        raise AdaptationError("the loss is inf at step 2; lower inner_lr")
        yield

    monkeypatch.setattr(measuring, "leave_one_of_each_out", diverging)
    row = learn(signs)
    assert (quality_of(row).status, quality_of(row).error_code) == (JobStatus.FAILED, "cannot_measure")
    assert "nothing can be said of how good it is" in page_of(row)
    prediction = services.start_prediction(owner=row.owner, classifier=row, files=[drawing_upload(9)])
    classifying.predict(str(prediction.pk))
    prediction.refresh_from_db()
    assert prediction.status == JobStatus.READY


def test_pictures_that_were_deleted_meanwhile_are_said(signs: SupportSet, learn: Learn, later: None) -> None:
    row = learn(signs)
    SupportImage.objects.all().delete()
    measuring.measure(str(quality_of(row).pk))
    assert (quality_of(row).status, quality_of(row).error_code) == (JobStatus.FAILED, "picture_gone")


def test_an_earlier_classifier_can_be_measured_and_one_that_learned_nothing_cannot(classifier: Classifier) -> None:
    with refused("classifier_not_ready"):
        services.measure_quality(classifier=classifier)
    classifier.status = JobStatus.READY
    classifier.save()
    assert "It was not found out yet how often this classifier is right." in page_of(classifier)
    assert services.measure_quality(classifier=classifier).status == JobStatus.QUEUED


def test_what_was_mixed_up_is_shown_with_its_pictures(ready: Classifier, image: SupportImage) -> None:
    other = ready.image_ids[0][1]
    measured(ready, (str(image.pk), 0, 1), (other, 0, 1), (ready.image_ids[1][0], 1, 1))
    [confusion] = QualityReport(ready).confusions
    assert (confusion.name, confusion.taken_for, confusion.image_ids) == ("anchor", "snail", (str(image.pk), other))
    SupportImage.objects.filter(pk=other).delete()
    page = page_of(ready)
    assert "Open a picture of anchor that was taken for snail" in page
    assert "deleted" in page
    large = visit(ready.owner).get(reverse("image", args=[ready.support_set_id, image.pk]), {"look_only": "1"})
    assert f"#picture-{image.pk}" in large.content.decode()


def test_damaged_answers_are_said_and_measured_again(ready: Classifier) -> None:
    measured(ready, answers=[{"image_id": "x"}])
    page = page_of(ready)
    assert "What is kept here is damaged." in page
    assert reverse("classifier_quality_measure", args=[ready.pk]) in page


def test_nobody_else_reaches_it(ready: Classifier) -> None:
    measured(ready)
    for name in ("classifier_quality", "classifier_quality_measure", "classifier_quality_cancel"):
        address, stranger = reverse(name, args=[ready.pk]), Client()
        assert stranger.get(address).status_code in (404, 405)
        assert stranger.post(address).status_code in (404, 405)
    assert Quality.objects.get().status == JobStatus.READY


def test_it_goes_with_its_classifier(ready: Classifier) -> None:
    measured(ready)
    services.delete_classifier(classifier=ready)
    assert not Quality.objects.exists()
