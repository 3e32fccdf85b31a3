"""What the answers of a classifier about its own pictures come to: numbers, and the pictures behind them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlcore.evaluation.quality import CardExpectation, ClassCount, Expectation, expectation, expectation_of_card
from webapp.core.rows.stored_json import Damaged
from webapp.recognition.models import Classifier, Quality

FEW = 2
"""Pictures of a class up to which its own figures tell next to nothing."""
NEARLY_ALL = 0.995
"""What is said in words and not as 100 in 100, which nobody can promise."""


@dataclass(frozen=True)
class ClassQuality:
    """What was answered about the pictures of one class: right of asked. k_shot: how many pictures it has."""

    name: str
    k_shot: int
    right: int
    asked: int


@dataclass(frozen=True)
class Confusion:
    """Pictures of one class that were taken for another."""

    name: str
    taken_for: str
    image_ids: tuple[str, ...]


class QualityReport:
    """What was measured of a classifier; nothing may have been, or not yet."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.row: Quality | None = Quality.objects.filter(classifier=classifier).first()
        self._names, self._shots = classifier.class_names, [len(ids) for ids in classifier.image_ids]

    @cached_property
    def answers(self) -> list[Mapping[str, Any]]:
        """Return the answers, but for those about classes that a damaged row no longer names."""
        if self.row is None or self.row.status != "ready":
            return []
        n_way = min(len(self._names), len(self._shots))
        return [answer for answer in self.row.answers if max(answer["label"], answer["answer"]) < n_way]

    @property
    def is_over(self) -> bool:
        """Return whether it was measured as far as it goes, and what was is sound."""
        return self.row is not None and self.row.status == "ready" and not isinstance(self.row.answers, Damaged)

    @property
    def n_asked(self) -> int:
        return len(self.answers)

    @property
    def is_sampled(self) -> bool:
        """Return whether there are more pictures that could have been asked about."""
        return 0 < self.n_asked < sum(k_shot for k_shot in self._shots if k_shot > 1)

    @property
    def n_right(self) -> int:
        return sum(answer["label"] == answer["answer"] for answer in self.answers)

    @cached_property
    def classes(self) -> list[ClassQuality]:
        """Return what was answered class by class, those that were known least often first."""
        asked = Counter(answer["label"] for answer in self.answers)
        right = Counter(answer["label"] for answer in self.answers if answer["label"] == answer["answer"])
        rows = [
            ClassQuality(name, k_shot, right[label], asked[label])
            for label, (name, k_shot) in enumerate(zip(self._names, self._shots, strict=False))
        ]
        return sorted(rows, key=lambda row: (not row.asked, row.right / max(row.asked, 1)))

    @cached_property
    def confusions(self) -> list[Confusion]:
        """Return which class was taken for which, the most frequent first, with the pictures in question."""
        pairs: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        for answer in self.answers:
            if answer["label"] != answer["answer"]:
                pairs[answer["label"], answer["answer"]].append(answer["image_id"])
        ranked = sorted(pairs.items(), key=lambda item: -len(item[1]))
        return [Confusion(self._names[label], self._names[other], tuple(ids)) for (label, other), ids in ranked]

    @property
    def alone(self) -> list[str]:
        """Return the classes with one picture, of which nothing can be known."""
        return [row.name for row in self.classes if row.k_shot == 1]

    @property
    def few(self) -> list[str]:
        """Return the classes with so few pictures that they tell little."""
        return [row.name for row in self.classes if 1 < row.k_shot <= FEW]

    @cached_property
    def expected(self) -> Expectation | None:
        """Return how often new pictures will be named rightly; None where most classes could not be asked about."""
        asked = [ClassCount(row.right, row.asked, row.k_shot) for row in self.classes if row.asked]
        if self.row is None or len(asked) < max(2, len(self.classes) / 2):
            return None
        return expectation(asked, n_rounds=self.row.n_rounds)

    @property
    def is_nearly_all(self) -> bool:
        return self.expected is not None and self.expected.accuracy > NEARLY_ALL

    @cached_property
    def of_card(self) -> CardExpectation | None:
        """Return what the checkpoint's card tells of such few pictures, where they tell nothing themselves."""
        if self.expected is not None or not self.classes:
            return None
        results = self.classifier.checkpoint.card.get("results", [])
        return expectation_of_card(results, n_way=len(self.classes), k_shot=min(self._shots))
