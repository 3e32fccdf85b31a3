"""Classes are added, renamed, put in order, deleted and brought back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.refusals import refused
from webapp.core.errors import Code
from webapp.recognition import services
from webapp.recognition.models import SupportClass, SupportSet


def names(support_set: SupportSet) -> list[str]:
    return [support_class.name for support_class in support_set.classes.present()]


@pytest.fixture
def three(support_set: SupportSet) -> SupportSet:
    for name in ("one", "two", "three"):
        services.add_class(support_set=support_set, name=name)
    return support_set


def test_classes_stand_in_the_order_they_were_added(three: SupportSet) -> None:
    assert names(three) == ["one", "two", "three"]


def test_two_classes_cannot_have_one_name(three: SupportSet) -> None:
    with refused("name_taken", match="two"):
        services.add_class(support_set=three, name=" two ")
    with refused("name_taken"):
        services.rename_class(support_class=three.classes.get(name="one"), name="two")


def test_the_same_letters_composed_otherwise_are_the_same_name(three: SupportSet) -> None:
    services.add_class(support_set=three, name="Caf\u00e9")
    with refused("name_taken"):
        services.add_class(support_set=three, name="Cafe\u0301")


def test_a_class_is_renamed(three: SupportSet) -> None:
    services.rename_class(support_class=three.classes.get(name="two"), name="zwei")
    assert names(three) == ["one", "zwei", "three"]


def test_classes_are_put_in_another_order(three: SupportSet) -> None:
    services.reorder_classes(support_set=three, names=["three", "one", "two"])
    assert names(three) == ["three", "one", "two"]


@pytest.mark.parametrize("order", [[], ["one", "two"], ["one", "two", "two"], ["one", "two", "three", "four"]])
def test_an_order_must_name_every_class_once(three: SupportSet, order: list[str]) -> None:
    with refused("wrong_order"):
        services.reorder_classes(support_set=three, names=order)


def test_a_deleted_class_comes_back_where_it_was(three: SupportSet) -> None:
    two = three.classes.get(name="two")
    services.delete_class(support_class=two)
    assert names(three) == ["one", "three"]
    services.restore_class(support_class=SupportClass.objects.get(pk=two.pk))
    assert names(three) == ["one", "two", "three"]


def test_a_deleted_class_cannot_come_back_over_a_new_one_of_its_name(three: SupportSet) -> None:
    two = three.classes.get(name="two")
    services.delete_class(support_class=two)
    services.add_class(support_set=three, name="two")
    with refused("name_taken"):
        services.restore_class(support_class=two)


def test_a_support_set_takes_so_many_classes_and_no_more(three: SupportSet, limit: Any) -> None:
    limit(classes=3)
    with refused("limit_reached", match="at most 3"):
        services.add_class(support_set=three, name="four")


def test_all_is_changed_at_once(three: SupportSet) -> None:
    services.change_support_set(
        support_set=three, name="Numbers", class_names={"one": "two", "two": "one"}, order=["three", "one", "two"]
    )
    three.refresh_from_db()
    assert three.name == "Numbers"
    assert names(three) == ["three", "one", "two"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"class_names": {"one": "three"}}, "name_taken"),
        ({"class_names": {"four": "five"}}, "unknown_class"),
        ({"order": ["one"]}, "wrong_order"),
    ],
)
def test_a_change_that_fails_changes_nothing(three: SupportSet, changes: dict[str, Any], code: Code) -> None:
    with refused(code):
        services.change_support_set(support_set=three, name="Other", **changes)
    three.refresh_from_db()
    assert three.name == "Signs"
    assert names(three) == ["one", "two", "three"]
