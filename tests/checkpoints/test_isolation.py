"""What was taken in or trained is for staff alone until it is published; then people see it and may choose it."""

from __future__ import annotations

import pytest

from tests.checkpoints.candidates import candidate, staff
from tests.recognition.conftest import checkpoint_row
from webapp.accounts.models import Owner
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint
from webapp.core.errors import UserError
from webapp.recognition import services
from webapp.recognition.methods.catalogue import method_choices
from webapp.recognition.models import SupportSet


@pytest.fixture
def brought(db: None) -> Checkpoint:
    """Return one that nobody has published, beside a live one."""
    checkpoint_row("characters", live=True)
    return candidate("brought")


@pytest.fixture
def signs(brought: Checkpoint) -> SupportSet:
    return services.create_support_set(owner=Owner.objects.create(guest_id="somebody"), name="Signs")


def chosen(support_set: SupportSet, name: str) -> str:
    """Return why a checkpoint cannot be learned with; it is looked at before the pictures are."""
    with pytest.raises(UserError) as refused:
        services.start_classifier(owner=support_set.owner, support_set=support_set, checkpoint=name)
    return refused.value.code


def offered() -> set[str]:
    choices = method_choices("characters")
    return {choice.name for choice in (*choices.usual, *choices.advanced)}


def test_nobody_sees_or_chooses_one_that_is_not_published(brought: Checkpoint, signs: SupportSet) -> None:
    assert offered() == {"characters"}
    assert checkpoints.valid_names() == ["characters"]
    for name in (brought.name, str(brought.pk)):
        assert checkpoints.find_checkpoint(name=name) is None
        assert chosen(signs, name) == "unknown_checkpoint"
    with pytest.raises(UserError, match="Choose one of: characters"):
        services.start_classifier(owner=signs.owner, support_set=signs, checkpoint=brought.name)


def test_staff_find_it_by_name_or_id(brought: Checkpoint) -> None:
    for name in (brought.name, str(brought.pk)):
        assert checkpoints.named_checkpoint(name=name) == brought


def test_once_published_it_may_be_chosen_even_after_it_was_rolled_back(brought: Checkpoint, signs: SupportSet) -> None:
    by = staff()
    checkpoints.publish(checkpoint=brought, by=by, reason="as this is a test")
    assert offered() == {"characters", "brought"}
    checkpoints.roll_back(kind="characters", by=by)
    assert offered() == {"characters", "brought"}
    assert chosen(signs, brought.name) == "not_ready"
