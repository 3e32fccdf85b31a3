"""What a checkpoint saw is known class by class, through all its ancestors; what is not known, it may have seen."""

from typing import Any

import pytest

from mlcore.checkpoints.card import ModelCard, pretrained_cards
from mlcore.checkpoints.lineage import Lesson, descent, lessons, unseen

SIGNS = {"name": "signs", "split": "train", "class_names": ["anchor", "snail"]}


def card(name: str, data: dict[str, Any], **training: Any) -> ModelCard:
    return ModelCard(
        name=name,
        kind="characters",
        method="prototypical",
        config={},
        transform="characters",
        digest=f"digest of {name}",
        data=data,
        training=training,
    )


def seen(data: dict[str, Any], class_name: str, *, dataset: str = "signs", split: str = "test") -> bool:
    return not unseen([class_name], lessons(card("any", data)), dataset=dataset, split=split)


def test_a_listed_class_was_seen_and_no_other() -> None:
    assert seen(SIGNS, "anchor")
    assert not seen(SIGNS, "kite")


def test_a_class_of_the_same_name_in_another_data_set_is_another() -> None:
    assert not seen(SIGNS, "anchor", dataset="ships")


def test_a_folder_without_a_name_may_be_any() -> None:
    nameless = {**SIGNS, "name": "image_folder"}
    assert seen(nameless, "anchor", dataset="ships")
    assert not seen(nameless, "kite", dataset="ships")


@pytest.mark.parametrize(
    ("trained", "tested", "expected"),
    [
        ("background_train", "evaluation", False),
        ("background", "evaluation", False),
        ("background", "background_val", True),
        ("train", "test", False),
        ("trainval", "val", True),
        ("train", "evaluation", True),
        ("evaluation", "evaluation", True),
    ],
)
def test_a_known_split_says_what_was_seen_where_the_card_lists_nothing(
    trained: str, tested: str, expected: bool
) -> None:
    assert (
        seen({"name": "omniglot", "split": trained}, "Greek/character01", dataset="omniglot", split=tested) == expected
    )


def test_characters_drawn_by_program_are_others_in_another_split_though_their_names_are_the_same() -> None:
    drawn = {"name": "strokes", "split": "train", "class_names": ["script01/character01"]}
    assert not seen(drawn, "script01/character01", dataset="strokes", split="test")
    assert seen(drawn, "script01/character01", dataset="strokes", split="train")


def test_the_whole_line_of_ancestors_is_kept_and_counts() -> None:
    first = card("first", SIGNS)
    second = card("second", {"name": "ships", "split": "train", "class_names": ["kite"]}, ancestors=descent(first))
    third = card("third", {"name": "trees", "split": "train", "class_names": ["oak"]}, ancestors=descent(second))
    assert [lesson.checkpoint for lesson in lessons(third)] == ["third", "second", "first"]
    assert [each["digest"] for each in descent(third)] == ["digest of third", "digest of second", "digest of first"]
    assert unseen(["anchor", "kite"], lessons(third), dataset="signs", split="test") == [1]
    assert unseen(["anchor", "kite"], lessons(third), dataset="ships", split="test") == [0]


def test_an_ancestor_that_an_old_card_only_names_is_unknown() -> None:
    old = card("old", SIGNS, start_from={"name": "lost", "digest": "0"})
    assert [lesson.is_unknown for lesson in lessons(old)] == [False, True]


@pytest.mark.parametrize("name", ["", "image_folder"])
def test_a_nameless_folder_without_a_list_is_unknown(name: str) -> None:
    assert Lesson("x", name, "train", None).is_unknown
    assert not Lesson("x", name, "train", frozenset()).is_unknown


def test_it_is_known_what_every_checkpoint_that_ships_was_taught() -> None:
    for card in pretrained_cards().values():
        assert [lesson for lesson in lessons(card) if lesson.is_unknown] == [], card.name


def test_photos_that_ship_know_the_classes_of_their_shop_by_name() -> None:
    taught = lessons(pretrained_cards()["photos-maml"])
    assert unseen(["Banana", "Mango"], taught, dataset="fruit", split="test") == [1]
