"""Publishing and rolling back: one live checkpoint of a kind, one line in the audit log, all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from tests.checkpoints.candidates import candidate, make_benchmark, measured, staff
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Act, Checkpoint, Publication
from webapp.checkpoints.services import publishing
from webapp.core.errors import UserError

pytestmark = pytest.mark.django_db
WHY = "we looked at it ourselves"


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def sue() -> User:
    return staff()


@pytest.fixture
def old() -> Checkpoint:
    return candidate("old", live=True)


@pytest.fixture
def new() -> Checkpoint:
    return candidate("new")


def live(kind: str = "characters") -> list[str]:
    return list(Checkpoint.objects.live().filter(kind=kind).values_list("name", flat=True))


def refusal(act: Callable[[], object]) -> UserError:
    before = live(), Publication.objects.count(), LogEntry.objects.count()
    with pytest.raises(UserError) as caught:
        act()
    assert (live(), Publication.objects.count(), LogEntry.objects.count()) == before
    return caught.value


def test_what_is_published_takes_the_place_of_the_live_one_of_its_kind(
    old: Checkpoint, new: Checkpoint, sue: User
) -> None:
    leaves = candidate("leaves", kind="leaves", live=True)
    publication = checkpoints.publish(checkpoint=new, by=sue, reason=WHY)
    assert live() == ["new"]
    assert live("leaves") == [leaves.name]
    assert (publication.act, publication.checkpoint, publication.replaced) == (Act.PUBLISH, new, old)
    assert (publication.by, publication.reason, publication.card) == (sue, WHY, new.card)
    assert publication.gate["passed"] is False
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (sue, str(new.pk), "Published.")


def test_a_passed_gate_needs_no_reason_and_is_kept(old: Checkpoint, new: Checkpoint, sue: User) -> None:
    measured(new, old, make_benchmark())
    publication = checkpoints.publish(checkpoint=new, by=sue)
    assert publication.gate["passed"] is True
    assert publication.gate["against"] == "old"
    assert len(publication.gate["checks"]) == 2
    assert publication.gate["findings"]["exam"]["episodes"] == 1000


@pytest.mark.parametrize("reason", ["", "  ", "just because"])
def test_a_failed_gate_asks_for_a_reason_in_words(old: Checkpoint, new: Checkpoint, sue: User, reason: str) -> None:
    error = refusal(lambda: checkpoints.publish(checkpoint=new, by=sue, reason=reason))
    assert (error.code, error.field) == ("gate_not_passed", "reason")


def test_the_first_of_a_kind_needs_no_gate(new: Checkpoint, sue: User) -> None:
    publication = checkpoints.publish(checkpoint=new, by=sue)
    assert (publication.replaced, publication.gate["passed"]) == (None, True)


def test_what_is_live_or_gone_is_not_published(old: Checkpoint, new: Checkpoint, sue: User) -> None:
    assert "live already" in refusal(lambda: checkpoints.publish(checkpoint=old, by=sue, reason=WHY)).message
    Path(new.weights.path).unlink()
    assert "not here any more" in refusal(lambda: checkpoints.publish(checkpoint=new, by=sue, reason=WHY)).message


def test_whoever_decided_on_what_is_live_no_more_is_told(old: Checkpoint, new: Checkpoint, sue: User) -> None:
    checkpoints.publish(checkpoint=new, by=sue, reason=WHY, instead_of="old")
    third = candidate("third")
    error = refusal(lambda: checkpoints.publish(checkpoint=third, by=sue, reason=WHY, instead_of="old"))
    assert (error.code, "new is live now" in error.message) == ("changed_meanwhile", True)
    assert (
        refusal(lambda: checkpoints.roll_back(kind="characters", by=sue, instead_of="old")).code == "changed_meanwhile"
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told(old: Checkpoint, sue: User) -> None:
    both, together = [candidate("one"), candidate("two")], threading.Barrier(2)

    def attempt(checkpoint: Checkpoint) -> str:
        together.wait(10)
        try:
            checkpoints.publish(checkpoint=checkpoint, by=sue, reason=WHY, instead_of="old")
        except UserError as error:
            return error.code
        finally:
            connection.close()
        return "published"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(attempt, both)) == ["changed_meanwhile", "published"]
    assert len(live()) == 1
    assert Publication.objects.count() == 1


def test_nothing_happens_if_the_trail_cannot_be_written(
    old: Checkpoint, new: Checkpoint, sue: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**act: Any) -> None:
        raise RuntimeError("no log")

    monkeypatch.setattr(publishing.history, "note", broken)
    with pytest.raises(RuntimeError):
        checkpoints.publish(checkpoint=new, by=sue, reason=WHY)
    assert live() == ["old"]
    assert not Publication.objects.exists()


def test_rolling_back_brings_back_what_was_replaced(old: Checkpoint, new: Checkpoint, sue: User) -> None:
    checkpoints.publish(checkpoint=new, by=sue, reason=WHY)
    publication = checkpoints.roll_back(kind="characters", by=sue)
    assert live() == ["old"]
    assert (publication.act, publication.checkpoint, publication.replaced) == (Act.ROLL_BACK, old, new)
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Published.",
        "Brought back by rolling back.",
    ]


def test_rolling_back_again_goes_one_publication_further(old: Checkpoint, new: Checkpoint, sue: User) -> None:
    third = candidate("third")
    checkpoints.publish(checkpoint=new, by=sue, reason=WHY)
    checkpoints.publish(checkpoint=third, by=sue, reason=WHY)
    for expected in ("new", "old"):
        checkpoints.roll_back(kind="characters", by=sue)
        assert live() == [expected]
    assert refusal(lambda: checkpoints.roll_back(kind="characters", by=sue)).code == "nothing_to_roll_back"


def test_there_is_no_way_back_from_the_first_of_a_kind(new: Checkpoint, sue: User) -> None:
    checkpoints.publish(checkpoint=new, by=sue)
    assert refusal(lambda: checkpoints.roll_back(kind="characters", by=sue)).code == "nothing_to_roll_back"
    assert refusal(lambda: checkpoints.roll_back(kind="leaves", by=sue)).code == "nothing_to_roll_back"


def test_there_is_no_way_back_to_files_that_are_gone(old: Checkpoint, new: Checkpoint, sue: User) -> None:
    checkpoints.publish(checkpoint=new, by=sue, reason=WHY)
    Path(old.weights.path).unlink()
    assert "old are not here" in refusal(lambda: checkpoints.roll_back(kind="characters", by=sue)).message


def test_the_successor_is_what_took_its_place_since(old: Checkpoint, new: Checkpoint, sue: User) -> None:
    before, chosen = timezone.now(), candidate("chosen, though never live")
    assert checkpoints.successor(checkpoint=old, since=before) is None
    checkpoints.publish(checkpoint=new, by=sue, reason=WHY)
    assert checkpoints.successor(checkpoint=old, since=before) == new
    assert checkpoints.successor(checkpoint=old, since=timezone.now()) is None
    assert checkpoints.successor(checkpoint=chosen, since=before) is None
    checkpoints.roll_back(kind="characters", by=sue)
    assert checkpoints.successor(checkpoint=old, since=before) is None
    assert checkpoints.successor(checkpoint=new, since=before) == old
