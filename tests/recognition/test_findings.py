"""What is wrong with a support set is said after learning, and each finding is one click from its mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from mlcore.errors import CheckpointError
from mlcore.evaluation.norms import Norms
from tests.api.belongings import Belongings, belongings_of
from tests.checkpoints.candidates import registered, tiny
from tests.mlcore.evaluation.small_norms import NORMS
from tests.recognition.conftest import visit
from tests.recognition.pictures import drawing_upload
from webapp.accounts.models import Owner
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import JobStatus
from webapp.recognition import selectors, services
from webapp.recognition.models import Classifier, Dismissal, Examination, SupportImage, SupportSet
from webapp.recognition.trust.findings import FindingsReport
from webapp.recognition.worker import classifying, examining, loaded

Mend = Callable[..., Any]


@pytest.fixture
def hers(owner: Owner) -> Belongings:
    return belongings_of(owner)


@pytest.fixture
def classifier(hers: Belongings) -> Classifier:
    """Return a classifier whose robin looks like a wren, and whose robins are to be added to."""
    wren = SupportImage.objects.get(support_class__name="wren")
    row = hers.classifier
    Classifier.objects.filter(pk=row.pk).update(image_ids=[[str(hers.image.pk)], [str(wren.pk)]])
    Examination.objects.filter(classifier=row).delete()
    Examination.objects.create(
        classifier=row,
        findings=[
            {"kind": "mislabelled", "score": 2.5, "image_ids": [str(hers.image.pk)], "labels": [0, 1]},
            {"kind": "twins", "score": 0.99, "image_ids": [str(hers.image.pk), str(wren.pk)], "labels": [0, 1]},
            {"kind": "alike", "score": 0.3, "image_ids": [], "labels": [0, 1]},
        ],
        need={"label": 0, "reason": "close", "close_to": 1, "gain": 0.2},
    )
    row.refresh_from_db()
    return row


@pytest.fixture
def mend(classifier: Classifier) -> Mend:
    """Return a function that presses a button of a finding, and returns the answer."""

    def press(place: int, action: str, client: Client | None = None) -> Any:
        form = {"finding": place, "action": action}
        address = reverse("classifier_findings", args=[classifier.pk])
        return (client or visit(classifier.owner)).post(address, form, headers={"HX-Request": "true"})

    return press


def states(classifier: Classifier) -> list[str]:
    return [finding.state for finding in FindingsReport(classifier).all]


def page_of(classifier: Classifier) -> str:
    page = visit(classifier.owner).get(reverse("classifier", args=[classifier.pk]))
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def test_the_page_says_what_was_found_and_what_to_add(classifier: Classifier, hers: Belongings) -> None:
    page = page_of(classifier)
    assert "Perhaps in the wrong class" in page
    assert "It looks more like “wren” than like the other pictures of “robin”." in page
    assert "It is in “robin” and in “wren”, which confuses both." in page
    assert "Next, give <strong>robin</strong> more pictures" in page
    assert f"#class-{hers.support_class.pk}" in page
    assert page.index("How good it is") < page.index("What would make it better")


def test_one_click_moves_a_picture_to_the_class_that_it_looks_like_and_another_undoes_it(
    classifier: Classifier, mend: Mend, hers: Belongings
) -> None:
    answer = mend(0, "move").content.decode()
    hers.image.refresh_from_db()
    assert hers.image.support_class.name == "wren"
    assert states(classifier) == ["mended", "mended", "open"]
    assert "Learn again" in answer
    mend(0, "undo")
    hers.image.refresh_from_db()
    assert hers.image.support_class.name == "robin"
    assert states(classifier) == ["open"] * 3


def test_one_click_deletes_one_of_two_pictures_and_another_brings_it_back(
    classifier: Classifier, mend: Mend, hers: Belongings
) -> None:
    mend(1, "delete")
    assert not SupportImage.objects.present().filter(pk=hers.image.pk).exists()
    assert states(classifier) == ["mended", "mended", "open"]
    mend(1, "undo")
    assert SupportImage.objects.present().filter(pk=hers.image.pk).exists()


def test_what_is_dismissed_stays_so_after_learning_again(classifier: Classifier, mend: Mend) -> None:
    for place in range(3):
        mend(place, "dismiss")
        mend(place, "dismiss")
    assert states(classifier) == ["dismissed"] * 3
    assert Dismissal.objects.count() == 3
    findings = Examination.objects.get(classifier=classifier).findings
    again = Classifier.objects.get(pk=classifier.pk)
    again.pk = uuid4()
    again.save(force_insert=True)
    Examination.objects.create(classifier=again, findings=findings[::-1])
    assert states(again) == ["dismissed"] * 3
    mend(0, "recall")
    assert states(classifier) == ["open", "dismissed", "dismissed"]


def test_without_scripts_a_button_leads_back_to_the_page(classifier: Classifier) -> None:
    address = reverse("classifier_findings", args=[classifier.pk])
    answer = visit(classifier.owner).post(address, {"finding": 2, "action": "dismiss"})
    assert answer.headers["Location"] == reverse("classifier", args=[classifier.pk])


@pytest.mark.parametrize(
    ("place", "action"), [(9, "move"), (0, "explode"), (2, "move"), (2, "delete"), (0, "delete_second"), ("x", "undo")]
)
def test_what_cannot_be_done_is_refused_in_words(classifier: Classifier, mend: Mend, place: Any, action: str) -> None:
    answer = mend(place, action)
    assert 400 <= answer.status_code < 500
    assert answer.json()["message"]


def test_the_second_of_two_pictures_can_be_deleted_as_well(classifier: Classifier, mend: Mend) -> None:
    mend(1, "delete_second")
    present = SupportImage.objects.present().filter(support_class__support_set=classifier.support_set_id)
    assert [image.support_class.name for image in present] == ["robin"]


def test_strangers_mend_nothing(classifier: Classifier, mend: Mend, stranger: Owner) -> None:
    assert mend(0, "move", client=visit(stranger)).status_code == 404
    assert states(classifier) == ["open"] * 3


def test_a_finding_about_pictures_that_are_gone_for_good_is_mended_and_cannot_be_undone(
    classifier: Classifier, mend: Mend, hers: Belongings
) -> None:
    hers.image.delete()
    assert states(classifier)[0] == "mended"
    assert "deleted too long ago" in mend(0, "undo").json()["message"]
    assert page_of(classifier)


def test_findings_of_another_time_are_left_out(classifier: Classifier) -> None:
    odd = [
        {"kind": "unheard", "score": 1, "image_ids": [], "labels": [0]},
        {"kind": "alike", "score": 1, "image_ids": [], "labels": [0, 9]},
        {"kind": "twins", "score": 1, "image_ids": [], "labels": [0]},
    ]
    Examination.objects.filter(classifier=classifier).update(findings=odd, need=None)
    assert FindingsReport(classifier).all == []
    assert "Nothing odd was found" in page_of(classifier)


def test_programs_get_the_same_as_plain_data(classifier: Classifier, hers: Belongings) -> None:
    plain = selectors.findings_of(classifier)
    assert plain["add_next"] == {"class_name": "robin", "reason": "close", "close_to": "wren"}
    assert plain["findings"][0] == {
        "kind": "mislabelled",
        "score": 2.5,
        "state": "open",
        "classes": ["robin", "wren"],
        "should_be": "wren",
        "image_ids": [str(hers.image.pk)],
        "sentence": "Perhaps in the wrong class. It looks more like “wren” than like the other pictures of “robin”.",
    }


def test_deleting_a_support_set_deletes_what_was_found_and_dismissed(classifier: Classifier, mend: Mend) -> None:
    mend(0, "dismiss")
    services.delete_support_set(support_set=SupportSet.objects.get(pk=classifier.support_set_id))
    assert not Examination.objects.exists()
    assert not Dismissal.objects.exists()


@pytest.fixture
def small(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkpoint]:
    """Return a checkpoint that what is usual is known of."""
    settings.DATA_DIR, settings.GLIMPSE_DEVICE = tmp_path, "cpu"
    row = registered(tiny(tmp_path / "made"), live=True)
    known = {**NORMS.__dict__, "checkpoint": row.name, "digest": row.digest, "doubt": (9.0, 0.0, 0.0), "twin": 2.0}
    monkeypatch.setattr(examining, "norms_of", lambda kind: Norms(**known))
    yield row
    for kept in (loaded.methods, loaded.classifiers):
        kept._values.clear()


def learned(support_set: SupportSet) -> Classifier:
    row = services.start_classifier(owner=support_set.owner, support_set=support_set, kind="characters")
    classifying.learn(str(row.pk))
    row.refresh_from_db()
    assert row.status == JobStatus.READY, row.error
    return row


def test_learning_looks_the_pictures_over_and_finds_the_same_one_in_two_classes(
    signs: SupportSet, small: Checkpoint
) -> None:
    services.add_images(support_set=signs, class_name="snail", files=[drawing_upload(1)])
    row = learned(signs)
    [copy] = [finding for finding in row.examination.findings if finding["kind"] == "copy"]
    names = SupportImage.objects.filter(pk__in=copy["image_ids"]).values_list("support_class__name", flat=True)
    assert set(names) == {"anchor", "snail"}
    assert row.examination.need["label"] in (0, 1)
    assert "It is in “anchor” and in “snail”" in page_of(row)


def test_with_one_picture_a_class_it_says_that_each_needs_a_second(support_set: SupportSet, small: Checkpoint) -> None:
    for seed, name in enumerate(("anchor", "snail")):
        services.add_images(support_set=support_set, class_name=name, files=[drawing_upload(seed)])
    row = learned(support_set)
    assert row.examination.need is None
    assert "A second one of each helps most." in page_of(row)


def test_a_kind_of_which_nothing_is_known_is_learned_all_the_same(
    signs: SupportSet, small: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(kind: str) -> Norms:
        raise CheckpointError("not measured")

    monkeypatch.setattr(examining, "norms_of", unknown)
    row = learned(signs)
    assert not Examination.objects.filter(classifier=row).exists()
    assert "What would make it better" not in page_of(row)
