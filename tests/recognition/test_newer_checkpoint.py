"""A classifier stays on its checkpoint, and offers to learn again once another went live in its place."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.recognition.conftest import checkpoint_row, visit
from webapp.checkpoints.models import Act, Checkpoint, Publication
from webapp.recognition import services
from webapp.recognition.models import Classifier

pytestmark = pytest.mark.django_db
OFFER = "Learn again on the new one"


def replace(old: Checkpoint, new: Checkpoint) -> None:
    """Let one go live in the place of another."""
    Checkpoint.objects.filter(pk=old.pk).update(live=False)
    Checkpoint.objects.filter(pk=new.pk).update(live=True)
    by = User.objects.get_or_create(username="sue")[0]
    Publication.objects.create(kind=new.kind, act=Act.PUBLISH, checkpoint=new, replaced=old, by=by)


def page(classifier: Classifier) -> str:
    shown = visit(classifier.owner).get(reverse("classifier", args=[classifier.pk]))
    return shown.content.decode()


def test_nothing_is_offered_while_nothing_changed(ready: Classifier) -> None:
    assert OFFER not in page(ready)


def test_after_a_publication_the_page_offers_to_learn_again_on_the_new_one(ready: Classifier) -> None:
    new = checkpoint_row("better")
    replace(ready.checkpoint, new)
    assert OFFER in page(ready)
    ready.refresh_from_db()
    assert ready.checkpoint.name == "characters"
    learn = reverse("support_set_learn", args=[ready.support_set_id])
    visit(ready.owner).post(learn, {"checkpoint": "better"})
    assert Classifier.objects.exclude(pk=ready.pk).get().checkpoint == new


def test_after_rolling_back_nothing_is_offered_any_more(ready: Classifier) -> None:
    new = checkpoint_row("better")
    replace(ready.checkpoint, new)
    replace(new, ready.checkpoint)
    assert OFFER not in page(ready)


def test_who_chose_a_checkpoint_that_never_was_live_is_left_in_peace(ready: Classifier) -> None:
    chosen = checkpoint_row("chosen")
    Classifier.objects.filter(pk=ready.pk).update(checkpoint=chosen)
    replace(ready.checkpoint, checkpoint_row("better"))
    assert OFFER not in page(ready)


def test_a_classifier_made_after_a_publication_stands_on_what_is_live(ready: Classifier) -> None:
    new = checkpoint_row("better")
    replace(ready.checkpoint, new)
    made = services.start_classifier(owner=ready.owner, support_set=ready.support_set)
    assert made.checkpoint == new
    assert services.newer_checkpoint(classifier=made) is None
