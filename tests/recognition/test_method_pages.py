"""Pages offer the methods of the chosen kind, take the choice, and say what a classifier learned with."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tests.recognition.conftest import checkpoint_row, visit
from webapp.accounts.models import Owner
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import JobStatus
from webapp.recognition.models import Classifier, SupportSet
from webapp.recognition.templatetags.methods import loss_in_words

RESULTS = [{"protocol": "5-way 1-shot", "accuracy": 0.98, "ci95": 0.001}]


@pytest.fixture
def checkpoint(db: None) -> Checkpoint:
    """Return the live checkpoint for drawings; there are two more, and one for photos."""
    checkpoint_row("photos", kind="photos", live=True)
    checkpoint_row("characters-maml", method="maml", config={"inner_lr": 0.4}, results=RESULTS)
    checkpoint_row("characters-siamese", method="siamese", results=[{**RESULTS[0], "accuracy": 0.9}])
    return checkpoint_row("characters", live=True, results=[{**RESULTS[0], "accuracy": 0.97}])


def panel(support_set: SupportSet, **asked: str) -> str:
    response = visit(support_set.owner).get(reverse("support_set_readiness", args=[support_set.pk]), asked)
    return response.content.decode()


def learned_with(support_set: SupportSet, **sent: str) -> str:
    response = visit(support_set.owner).post(reverse("support_set_learn", args=[support_set.pk]), sent)
    assert response.status_code == 302, response.content.decode()
    return Classifier.objects.latest("created").checkpoint.name


def test_the_methods_of_the_suggested_kind_are_offered(signs: SupportSet, checkpoint: Checkpoint) -> None:
    page = panel(signs)
    assert 'value="characters" data-title="Prototypical networks" checked' in page
    assert 'value="characters-maml" data-title="MAML">' in page
    assert "Best with one picture a class" in page
    assert "Advanced: 1 more method" in page
    assert page.index("Advanced") < page.index('value="characters-siamese"')


def test_another_kind_has_methods_of_its_own_and_none_to_choose_from_shows_no_choice(
    signs: SupportSet, checkpoint: Checkpoint
) -> None:
    page = panel(signs, kind="photos", chosen="1")
    assert 'id="kind-photos" value="photos" checked' in page
    assert "How it learns" not in page
    checkpoint_row("photos-relation", kind="photos", method="relation")
    assert 'value="photos-relation"' in panel(signs, kind="photos", chosen="1")
    assert 'value="photos-relation"' not in panel(signs)


def test_the_page_itself_takes_the_kind_for_browsers_without_scripts(signs: SupportSet, checkpoint: Checkpoint) -> None:
    address = reverse("support_set", args=[signs.pk])
    page = visit(signs.owner).get(address, {"kind": "photos", "chosen": "1"}).content.decode()
    assert 'id="kind-photos" value="photos" checked' in page


def test_learning_takes_the_very_checkpoint_that_was_chosen(signs: SupportSet, checkpoint: Checkpoint) -> None:
    assert learned_with(signs, kind="characters", checkpoint="characters-maml") == "characters-maml"
    assert learned_with(signs, kind="characters", checkpoint="characters") == "characters"


def test_a_name_that_is_also_a_kinds_means_the_checkpoint_that_was_shown(
    signs: SupportSet, checkpoint: Checkpoint
) -> None:
    Checkpoint.objects.filter(pk=checkpoint.pk).update(live=False)
    Checkpoint.objects.filter(name="characters-maml").update(live=True)
    assert learned_with(signs, kind="characters", checkpoint="characters") == "characters"


def test_a_checkpoint_of_another_kind_gives_way_to_the_kind(signs: SupportSet, checkpoint: Checkpoint) -> None:
    assert learned_with(signs, kind="photos", checkpoint="characters-maml") == "photos"
    assert learned_with(signs, kind="photos") == "photos"


def test_a_method_that_nobody_offers_is_refused_in_words(signs: SupportSet, checkpoint: Checkpoint) -> None:
    sent = {"kind": "characters", "checkpoint": "characters-magic"}
    response = visit(signs.owner).post(reverse("support_set_learn", args=[signs.pk]), sent)
    assert response.status_code == 422
    assert "There is no checkpoint “characters-magic”" in response.content.decode()


def made(signs: SupportSet, name: str, **fields: object) -> Classifier:
    return Classifier.objects.create(
        support_set=signs,
        owner=signs.owner,
        name="Mine",
        checkpoint=Checkpoint.objects.get(name=name),
        class_names=["anchor", "snail"],
        image_ids=[[], []],
        **{"status": JobStatus.READY, "seconds": 2.1, "device": "cpu", **fields},
    )


def shown(classifier: Classifier) -> str:
    return visit(classifier.owner).get(reverse("classifier", args=[classifier.pk])).content.decode()


def test_a_classifier_says_its_method_settings_steps_and_time(signs: SupportSet, checkpoint: Checkpoint) -> None:
    page = shown(made(signs, "characters-maml", steps=12, loss=0.03125))
    for words in ("<dd>MAML</dd>", "<dt>steps</dt><dd>12</dd>", "<dd>0.0312</dd>", "<dd>2.1 s</dd>"):
        assert words in page
    assert re.search(r"<dt>Inner learning rate <small>[^<]+</small></dt><dd>0.4</dd>", page)
    assert "<code>characters-maml</code>" in page


def test_a_method_without_steps_shows_none(signs: SupportSet, checkpoint: Checkpoint) -> None:
    page = shown(made(signs, "characters"))
    assert "<dd>Prototypical networks</dd>" in page
    assert "<dt>steps</dt>" not in page
    assert "loss at the end" not in page


def test_learning_again_keeps_the_method(signs: SupportSet, checkpoint: Checkpoint) -> None:
    failed = made(signs, "characters-maml", status=JobStatus.FAILED, error_code="picture_gone", error="Gone.")
    assert 'name="checkpoint" value="characters-maml"' in shown(failed)
    Checkpoint.objects.filter(name="characters-maml").update(name="characters-maml-1234abcd")
    assert 'name="checkpoint" value="characters-maml"' in shown(failed)


def test_where_a_method_lost_its_way_the_page_leads_to_another(signs: SupportSet, checkpoint: Checkpoint) -> None:
    page = shown(made(signs, "characters-maml", status=JobStatus.FAILED, error_code="cannot_learn", error="Lost."))
    assert "Lost." in page
    assert "Back to its pictures" in page
    assert "Learn again" not in page


def test_my_classifiers_names_a_method_that_is_not_the_default(
    signs: SupportSet, checkpoint: Checkpoint, owner: Owner
) -> None:
    made(signs, "characters")
    assert "with Prototypical networks" not in visit(owner).get("/my/").content.decode()
    made(signs, "characters-maml")
    page = visit(owner).get("/my/").content.decode()
    assert "with MAML" in page
    assert "with Prototypical networks" not in page


@pytest.mark.parametrize(
    ("loss", "words"), [(0.23456, "0.235"), (0.001, "0.001"), (8.94e-8, "under 0.001"), (0, "under 0.001")]
)
def test_a_loss_next_to_nothing_is_said_as_such(loss: float, words: str) -> None:
    assert loss_in_words(loss) == words
