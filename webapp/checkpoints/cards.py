"""A model card in words for staff: what a checkpoint is, how well it does, what it and its ancestors learned from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.lineage import Lesson, lessons
from webapp.checkpoints.shown_settings import ShownSetting, shown

CLASSES_SHOWN = 400


@dataclass(frozen=True)
class Learned:
    """What one checkpoint of a line learned from."""

    checkpoint: str
    dataset: str
    split: str
    class_names: list[str]
    more: int
    is_listed: bool


@dataclass(frozen=True)
class ReadableCard:
    """A card as a page shows it."""

    facts: list[tuple[str, str]]
    results: list[Mapping[str, Any]]
    line: list[Learned]
    settings: list[ShownSetting]


def readable(card: Mapping[str, Any]) -> ReadableCard:
    """Return a card in words."""
    whole = ModelCard.from_dict(card)
    return ReadableCard(
        facts=[(name, value) for name, value in _facts(whole) if value],
        results=[_percent(row) for row in whole.results],
        line=[_learned(lesson) for lesson in lessons(whole)],
        settings=shown(whole.method, settings_of(whole)),
    )


def settings_of(card: ModelCard) -> dict[str, Any]:
    """Return every setting that a checkpoint was made with, as a run's config holds them."""
    parts = {"method_config": card.config, "training": card.training.get("config")}
    parts["episodes"] = card.training.get("episodes")
    return {name: part for name, part in parts.items() if isinstance(part, dict)}


def validation_of(card: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the accuracy on the validation classes with the half-width of its 95 % interval, where it is known."""
    validation = card.get("training", {}).get("validation")
    if not isinstance(validation, dict) or "accuracy" not in validation:
        return None
    return validation["accuracy"], validation.get("ci95", 0.0)


def in_percent(accuracy: float, ci95: float) -> str:
    """Write an accuracy with its interval."""
    return f"{100 * accuracy:.1f} ± {100 * ci95:.1f} %"


def _facts(card: ModelCard) -> Iterator[tuple[str, str]]:
    yield _("Kind"), card.kind
    yield _("Method"), card.method
    yield _("Parameters"), f"{card.parameters:,}" if card.parameters else ""
    validation = validation_of(card.to_dict())
    yield _("Accuracy on validation classes"), in_percent(*validation) if validation else ""
    yield _("Validation classes that it learned from"), str(card.data.get("validation_overlap") or "")
    minutes = card.training.get("minutes")
    yield (
        _("Trained for"),
        _("%(n)s minutes on %(device)s")
        % {
            "n": minutes,
            "device": card.training.get("device", "?"),
        }
        if minutes
        else "",
    )
    diverged = card.training.get("diverged")
    yield _("Episodes that did not settle"), f"{100 * diverged:.1f} %" if diverged else ""
    yield _("Made"), card.created
    yield _("Licence"), card.licence
    yield _("Credit"), card.credit
    yield _("Notes"), card.notes


def _percent(row: Mapping[str, Any]) -> dict[str, Any]:
    figures = in_percent(row["accuracy"], row.get("ci95") or 0.0) if "accuracy" in row else ""
    return {"dataset": row.get("dataset", ""), "protocol": row.get("protocol", ""), "accuracy": figures}


def _learned(lesson: Lesson) -> Learned:
    names = sorted(lesson.class_names or ())
    return Learned(
        checkpoint=lesson.checkpoint,
        dataset=lesson.dataset,
        split=lesson.split,
        class_names=names[:CLASSES_SHOWN],
        more=max(len(names) - CLASSES_SHOWN, 0),
        is_listed=lesson.class_names is not None,
    )
