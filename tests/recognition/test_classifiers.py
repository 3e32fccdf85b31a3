"""A classifier is started from a support set as it stands, and can be cancelled, renamed and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recognition.conftest import checkpoint_row, stored_files
from tests.refusals import refused
from webapp.accounts.models import Owner
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import JobStatus
from webapp.recognition import services
from webapp.recognition.models import Classifier, SupportSet


def test_learning_keeps_the_classes_and_pictures_of_that_moment(classifier: Classifier, signs: SupportSet) -> None:
    services.add_class(support_set=signs, name="later")
    row = Classifier.objects.get(pk=classifier.pk)
    assert row.status == JobStatus.QUEUED
    assert row.class_names == ["anchor", "snail"]
    assert [len(ids) for ids in row.image_ids] == [2, 2]
    assert row.labels == [0, 0, 1, 1]
    assert row.n_images == 4


@pytest.mark.parametrize("name", ["characters", None, "id", "characters-2", ""])
def test_a_checkpoint_is_named_by_kind_name_or_id(signs: SupportSet, checkpoint: Checkpoint, name: str | None) -> None:
    other = checkpoint_row("characters-2")
    asked = str(checkpoint.pk) if name == "id" else name
    started = services.start_classifier(owner=signs.owner, support_set=signs, checkpoint=asked)
    assert started.checkpoint == (other if name == "characters-2" else checkpoint)


@pytest.mark.parametrize("name", ["faces", "photos", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_checkpoint_is_refused_with_the_valid_ones(
    signs: SupportSet, checkpoint: Checkpoint, name: str
) -> None:
    with refused("unknown_checkpoint", match="characters") as caught:
        services.start_classifier(owner=signs.owner, support_set=signs, checkpoint=name)
    assert caught.value.details["valid"] == ["characters"]


def test_what_is_missing_is_said(support_set: SupportSet, checkpoint: Checkpoint) -> None:
    with refused("not_ready", match="two or more classes"):
        services.start_classifier(owner=support_set.owner, support_set=support_set, checkpoint="characters")


def test_so_many_jobs_may_wait_or_run_and_no_more(signs: SupportSet, checkpoint: Checkpoint, limit: Any) -> None:
    limit(active_jobs=2)
    for _ in range(2):
        services.start_classifier(owner=signs.owner, support_set=signs)
    with refused("too_many_jobs") as caught:
        services.start_classifier(owner=signs.owner, support_set=signs)
    assert caught.value.status == 429
    first, second = Classifier.objects.all()
    Classifier.objects.filter(pk=first.pk).update(status=JobStatus.RUNNING)
    with refused("too_many_jobs"):
        services.start_classifier(owner=signs.owner, support_set=signs)
    Classifier.objects.filter(pk=second.pk).update(status=JobStatus.READY)
    services.start_classifier(owner=signs.owner, support_set=signs)


def test_a_queued_classifier_is_cancelled_once(classifier: Classifier) -> None:
    assert services.cancel_classifier(classifier=classifier).status == JobStatus.CANCELLED
    with refused("already_over"):
        services.cancel_classifier(classifier=classifier)


def test_a_classifier_is_renamed(classifier: Classifier) -> None:
    services.rename_classifier(classifier=classifier, name="  Best  one ")
    assert Classifier.objects.get(pk=classifier.pk).name == "Best one"


@pytest.mark.django_db(transaction=True)
def test_deleting_a_support_set_leaves_no_row_and_no_file(ready: Classifier, owner: Owner, settings: Any) -> None:
    from tests.recognition.pictures import drawing_upload

    services.start_prediction(owner=owner, classifier=ready, files=[drawing_upload(9)])
    assert stored_files(settings)
    services.delete_support_set(support_set=ready.support_set)
    assert not stored_files(settings)
    assert not Classifier.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_deleting_a_classifier_leaves_its_support_set(ready: Classifier, owner: Owner, settings: Any) -> None:
    from tests.recognition.pictures import drawing_upload

    before = stored_files(settings)
    services.start_prediction(owner=owner, classifier=ready, files=[drawing_upload(9)])
    services.delete_classifier(classifier=ready)
    assert stored_files(settings) == before
    assert SupportSet.objects.count() == 1
