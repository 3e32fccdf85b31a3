"""What is said of a query picture: which class, how sure, whether of any class at all, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlcore.checkpoints.card import ModelCard
from mlcore.methods.base import Predictions
from webapp.recognition.models import Classifier


def verdicts(row: Classifier, card: ModelCard, answers: Predictions) -> Iterator[dict[str, Any]]:
    """Yield the answer to each query as its row keeps it: names for labels, ids for places.

    An answer is sure if it is confident, as familiar as the card demands, and named by the most similar picture too.
    """
    n = len(answers.probabilities)
    familiarity = [None] * n if answers.familiarity is None else answers.familiarity.tolist()
    rows = zip(
        answers.probabilities.tolist(), answers.nearest.tolist(), answers.similarity.tolist(), familiarity, strict=True
    )
    point = card.operating_point([len(of_class) for of_class in row.image_ids])
    for probabilities, places, similarity, how_familiar in rows:
        nearest = _nearest(row, places, similarity)
        scores = dict(zip(row.class_names, probabilities, strict=True))
        first, *others = sorted(scores, key=lambda name: -scores[name])
        rival = nearest[0]["class_name"] if nearest[0]["class_name"] != first else next(iter(others), None)
        is_of_none = point is not None and how_familiar is not None and how_familiar < point.refusal().threshold
        is_sure = scores[first] >= card.not_sure_below and nearest[0]["class_name"] == first and not is_of_none
        if point is not None and how_familiar is not None:
            is_sure = is_sure and how_familiar >= point.sure_above
        yield {
            "class_name": first,
            "confidence": scores[first],
            "familiarity": how_familiar,
            "none_of_these": is_of_none,
            "sure": is_sure,
            "between": [] if is_sure or is_of_none or rival is None else [first, rival],
            "scores": scores,
            "nearest": nearest,
        }


def _nearest(row: Classifier, places: list[int], similarity: list[float]) -> list[dict[str, Any]]:
    """Name the most similar support pictures, best first."""
    ids, labels, names = row.support_image_ids, row.labels, row.class_names
    return [
        {"image_id": ids[place], "class_name": names[labels[place]], "similarity": min(max(alike, -1.0), 1.0)}
        for place, alike in zip(places, similarity, strict=True)
    ]
