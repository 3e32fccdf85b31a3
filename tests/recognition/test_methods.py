"""Each method is offered in words, with the strength that its card gives and the live one's beside it."""

from __future__ import annotations

from typing import Any

import pytest

from mlcore.method_config.maml import MamlConfig
from tests.recognition.conftest import checkpoint_row
from webapp.recognition.methods.catalogue import WORDS, MethodChoice, method_choices, title_of
from webapp.recognition.templatetags.methods import method_settings

pytestmark = pytest.mark.django_db


def row(shots: int, accuracy: float, *, ci95: float = 0.002, more: str = "", **extra: Any) -> dict[str, Any]:
    return {"protocol": f"5-way {shots}-shot{more}", "accuracy": accuracy, "ci95": ci95, "dataset": "signs", **extra}


def adapting(seconds: float) -> dict[str, Any]:
    return {"protocol": "5-way 5-shot", "adapt_seconds": seconds}


def live(*results: dict[str, Any]) -> None:
    checkpoint_row("characters", live=True, results=list(results))


def offered(name: str) -> MethodChoice:
    choices = method_choices("characters")
    return next(choice for choice in (*choices.usual, *choices.advanced) if choice.name == name)


def test_each_method_is_described_in_one_sentence() -> None:
    assert all(str(sentence).count(".") == 1 and str(sentence).endswith(".") for _, sentence in WORDS.values())


@pytest.mark.parametrize(
    ("method", "config", "title"),
    [
        ("maml", {}, "MAML"),
        ("maml", {"first_order": True}, "First-order MAML"),
        ("matching", {"full_context": False}, "Matching networks"),
        ("matching", {"full_context": True}, "Matching networks with full context"),
        ("of_next_year", {}, "of_next_year"),
    ],
)
def test_a_method_goes_by_the_name_that_people_know(method: str, config: dict[str, Any], title: str) -> None:
    assert title_of({"method": method, "config": config}) == title


def test_the_live_one_is_the_default_and_comes_first() -> None:
    checkpoint_row("a", method="maml", results=[row(1, 0.999, ci95=0.0001)])
    live(row(1, 0.99))
    choices = method_choices("characters")
    assert [choice.name for choice in choices.usual] == ["characters", "a"]
    assert choices.default == choices.usual[0]
    assert [choice.is_default for choice in choices.usual] == [True, False]


def test_its_figures_are_said_as_the_card_gives_them() -> None:
    live(row(1, 0.9866), row(5, 0.995), adapting(2.2))
    sentence = "98.7 % right with one picture a class, 99.5 % with five; learns in 2 s"
    assert offered("characters").measured == sentence


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([row(1, 0.99996)], "over 99.9 % right with one picture a class"),
        ([row(3, 0.9)], "90.0 % right with three pictures a class"),
        ([row(1, 0.9), adapting(0.02)], "90.0 % right with one picture a class; learns in under 1 s"),
        ([row(1, 0.9, more=", 1000 episodes, 10 queries a class")], "90.0 % right with one picture a class"),
        ([row(1, 0.5, more=", rotated"), row(1, 0.9)], "90.0 % right with one picture a class"),
        ([row(1, 0.99, transductive=True), row(1, 0.9)], "90.0 % right with one picture a class"),
        ([], "Not measured yet."),
    ],
)
def test_only_plain_figures_count(results: list[dict[str, Any]], sentence: str) -> None:
    live(*results)
    assert offered("characters").measured == sentence


def test_what_it_is_better_at_is_said_beside_the_live_one() -> None:
    live(row(1, 0.98), row(5, 0.99), adapting(0.1))
    checkpoint_row("slow", method="maml", results=[row(1, 0.97), row(5, 0.996), adapting(3)])
    checkpoint_row("slower", method="reptile", results=[row(1, 0.96), row(5, 0.997), adapting(6)])
    checkpoint_row("sharp", method="relation", results=[row(1, 0.99), row(5, 0.989)])
    assert offered("slow").note == "slower to learn, better with five"
    assert offered("slower").note == "slower to learn, best with five"
    assert offered("sharp").note == "best with one picture a class"
    assert offered("characters").note == "the default"


def test_what_chance_explains_is_not_better() -> None:
    live(row(1, 0.98, ci95=0.01))
    checkpoint_row("other", method="maml", results=[row(1, 0.985, ci95=0.01)])
    assert offered("other").note == ""
    assert offered("characters").note == "the default, best of its kind"


def test_what_is_below_the_live_one_at_every_number_of_pictures_is_advanced() -> None:
    live(row(1, 0.98), row(5, 0.99))
    checkpoint_row("below", method="siamese", results=[row(1, 0.97), row(5, 0.98)])
    checkpoint_row("half", method="anil", results=[row(1, 0.97), row(5, 0.991)])
    checkpoint_row("unmeasured", method="maml")
    checkpoint_row("elsewhere", method="reptile", results=[{**row(1, 0.999), "dataset": "easy ones"}])
    choices = method_choices("characters")
    assert [choice.name for choice in choices.usual] == ["characters", "half"]
    assert [choice.name for choice in choices.advanced] == ["below", "elsewhere", "unmeasured"]
    assert offered("below").measured == "97.0 % right with one picture a class, 98.0 % with five"
    assert offered("unmeasured").measured == "Not measured yet."
    assert offered("elsewhere").note == "measured on other pictures"


def test_like_is_compared_with_like() -> None:
    """The live one is measured on two data sets, and the others on the second alone."""
    live({**row(1, 0.88), "dataset": "twenty classes"}, {**row(1, 0.97), "dataset": "seven classes"})
    for name, accuracy in (("maml", 0.96), ("anil", 0.95)):
        checkpoint_row(name, method=name, results=[{**row(1, accuracy), "dataset": "seven classes"}])
    assert offered("characters").measured == "97.0 % right with one picture a class"
    assert len(method_choices("characters").advanced) == 2


def test_two_of_one_method_are_told_apart_by_their_names() -> None:
    live(row(1, 0.9))
    checkpoint_row("characters-2", results=[row(1, 0.95)])
    assert offered("characters").title == "Prototypical networks (characters)"
    assert offered("characters-2").title == "Prototypical networks (characters-2)"


def test_neither_another_kind_nor_one_that_was_replaced_is_offered() -> None:
    live(row(1, 0.9))
    checkpoint_row("photos", kind="photos", live=True)
    old = checkpoint_row("characters-maml", method="maml")
    old.name = "characters-maml-1234abcd"
    old.save()
    assert len(method_choices("characters")) == 1


def settings_of(method: str, config: dict[str, Any]) -> list[tuple[str, str]]:
    checkpoint = checkpoint_row(method, method=method, config=config)
    return [(setting["label"], setting["value"]) for setting in method_settings(checkpoint)]


def test_a_setting_may_mean_something_else_in_one_method() -> None:
    assert settings_of("relation", {"distance": False}) == [("Distance term", "no")]
    assert settings_of("prototypical", {"distance": "cosine"}) == [("Distance", "cosine")]


def test_settings_are_said_in_words() -> None:
    config = {
        "backbone": {"name": "conv6", "image_size": 56},
        "first_order": True,
        "inner_lr": 0.01,
        "rates_of_its_own": [0.1, 1e-05],
        "views": "none",
    }
    assert settings_of("maml", config) == [
        ("Backbone", "conv6"),
        ("Image size", "56"),
        ("First order", "yes"),
        ("Inner learning rate", "0.01"),
        ("Rates of its own", "0.1, 0.00001"),
        ("Test-time augmentation", "none"),
    ]


def test_what_a_setting_does_is_said_beside_it() -> None:
    checkpoint = checkpoint_row("other", method="maml", config={"inner_steps": 5})
    [setting] = method_settings(checkpoint)
    assert setting["help"] == MamlConfig.settings()["inner_steps"].help
