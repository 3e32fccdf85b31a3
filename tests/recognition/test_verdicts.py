"""What is said of a picture: a class, two classes that it may be, or none of these."""

from typing import Any
from uuid import uuid4

import pytest
import torch
from torch import Tensor

from mlcore.checkpoints.card import ModelCard
from mlcore.methods.base import Predictions
from webapp.recognition.models import Classifier
from webapp.recognition.models.classifiers import RESULT
from webapp.recognition.worker.verdicts import verdicts

POINT = {
    "n_way": 3,
    "k_shot": 1,
    "auroc": 0.9,
    "sure_above": 0.7,
    "kept": 0.6,
    "refusals": [{"refused": 0.05, "threshold": 0.2, "passed": 0.4}],
}
TELLING = {"weights": [0.0] * 7, "bank": "", "bank_digest": "", "dataset": "made up", "points": [POINT]}


def said(*probabilities: float, familiarity: float | None, nearest: int, card: ModelCard) -> dict[str, Any]:
    """Return what is said of one picture by a classifier of three classes with one picture each."""
    row = Classifier(class_names=["ant", "bee", "cat"], image_ids=[[str(uuid4())] for _ in range(3)])
    how_familiar: Tensor | None = None if familiarity is None else torch.tensor([familiarity])
    answers = Predictions(torch.tensor([probabilities]), torch.tensor([[nearest]]), torch.tensor([[0.9]]), how_familiar)
    [verdict] = verdicts(row, card, answers)
    RESULT.require(verdict)
    return verdict


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(name="c", kind="photos", method="prototypical", config={}, transform="photos", familiarity=TELLING)


def test_a_familiar_confident_answer_is_sure(card: ModelCard) -> None:
    verdict = said(0.9, 0.07, 0.03, familiarity=0.8, nearest=0, card=card)
    assert (verdict["class_name"], verdict["sure"], verdict["none_of_these"], verdict["between"]) == (
        "ant",
        True,
        False,
        [],
    )


def test_a_stranger_is_none_of_these_however_confident(card: ModelCard) -> None:
    verdict = said(0.99, 0.01, 0.0, familiarity=0.1, nearest=0, card=card)
    assert (verdict["class_name"], verdict["sure"], verdict["none_of_these"], verdict["between"]) == (
        "ant",
        False,
        True,
        [],
    )


def test_what_is_neither_strange_nor_familiar_is_not_sure(card: ModelCard) -> None:
    verdict = said(0.9, 0.07, 0.03, familiarity=0.5, nearest=0, card=card)
    assert (verdict["sure"], verdict["none_of_these"], verdict["between"]) == (False, False, ["ant", "bee"])


def test_the_reason_never_contradicts_the_name(card: ModelCard) -> None:
    verdict = said(0.9, 0.07, 0.03, familiarity=0.9, nearest=2, card=card)
    assert (verdict["sure"], verdict["between"]) == (False, ["ant", "cat"])


def test_a_narrow_answer_says_between_which(card: ModelCard) -> None:
    verdict = said(0.5, 0.05, 0.45, familiarity=0.9, nearest=0, card=card)
    assert (verdict["sure"], verdict["between"]) == (False, ["ant", "cat"])


def test_a_checkpoint_that_cannot_tell_says_so() -> None:
    silent = ModelCard(name="c", kind="photos", method="prototypical", config={}, transform="photos")
    verdict = said(0.9, 0.07, 0.03, familiarity=None, nearest=0, card=silent)
    assert (verdict["familiarity"], verdict["none_of_these"], verdict["sure"]) == (None, False, True)
