"""Runs and checkpoints side by side: what they were made with, differences marked, how they learned and how well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from webapp.checkpoints.cards import in_percent, settings_of, validation_of
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.shown_settings import ShownSetting, shown
from webapp.core.rows.stored_json import damage_of
from webapp.training.models import TrainingRun
from webapp.training.runs.curves import Chart, accuracy_chart, loss_chart
from webapp.training.runs.settings import settings_of_run

NOTHING = "–"
MOST = 6
"""As many as a page can show beside each other, and as there are colours for."""


@dataclass(frozen=True)
class Subject:
    """A run, a checkpoint, or a run with the checkpoint that came of it."""

    run: TrainingRun | None
    checkpoint: Checkpoint | None

    @property
    def name(self) -> str:
        return self.run.name if self.run else str(self.checkpoint)

    @property
    def points(self) -> Sequence[Mapping[str, Any]]:
        """Return what its curves are drawn of."""
        return self.run.points if self.run else []


@dataclass(frozen=True)
class Row:
    """One thing about each subject, in their order; marked where they differ."""

    title: str
    values: list[str]
    name: str = ""  # what a setting is called in a config

    @property
    def differs(self) -> bool:
        """Return whether any two values are different."""
        return len(set(self.values)) > 1


@dataclass(frozen=True)
class Comparison:
    """What the page shows."""

    subjects: list[Subject]
    charts: list[Chart]
    results: list[Row]
    settings: list[Row]


def compare(
    *,
    runs: Iterable[TrainingRun],
    checkpoints: Iterable[Checkpoint],
    with_runs: bool = True,
    with_checkpoints: bool = True,
) -> Comparison:
    """Compare runs and checkpoints; a checkpoint whose run is there too is shown with its run.

    Without runs, nothing is shown of the run that a checkpoint came of; without checkpoints, likewise.
    """
    subjects = [Subject(run, run.checkpoint if with_checkpoints else None) for run in runs]
    shown = {subject.checkpoint.pk for subject in subjects if subject.checkpoint}
    rest = [checkpoint for checkpoint in checkpoints if checkpoint.pk not in shown]
    made = [Subject(getattr(row, "training_run", None) if with_runs else None, row) for row in rest]
    subjects = [*subjects, *made][:MOST]
    return Comparison(
        subjects=subjects, charts=_charts(subjects), results=_results(subjects), settings=_settings(subjects)
    )


def _charts(subjects: Sequence[Subject]) -> list[Chart]:
    runs = [(subject.name, subject.points) for subject in subjects]
    return [drawn for drawn in (accuracy_chart(*runs), loss_chart(*runs)) if drawn]


def _results(subjects: Sequence[Subject]) -> list[Row]:
    """List what is known of each besides its settings."""
    about: dict[str, Callable[[Subject], str]] = {
        _("Method"): _method,
        _("Accuracy ± 95 % interval"): _accuracy,
        _("Time"): _time,
        _("Parameters"): _parameters,
        _("Data version"): _data,
        _("State"): _state,
    }
    return [Row(title, [value(subject) for subject in subjects]) for title, value in about.items()]


def _method(subject: Subject) -> str:
    if any(damage_of(row) for row in (subject.run, subject.checkpoint) if row):
        return _("damaged")
    return subject.run.method if subject.run else subject.checkpoint.method if subject.checkpoint else NOTHING


def _accuracy(subject: Subject) -> str:
    accuracy = validation_of(subject.checkpoint.card) if subject.checkpoint else None
    if accuracy is None and subject.run and "accuracy" in subject.run.latest:
        accuracy = subject.run.latest["accuracy"], subject.run.latest.get("ci95") or 0.0
    return in_percent(*accuracy) if accuracy else NOTHING


def _time(subject: Subject) -> str:
    minutes = subject.checkpoint.card.get("training", {}).get("minutes") if subject.checkpoint else None
    if minutes is None and subject.run and subject.run.started and subject.run.finished:
        minutes = round((subject.run.finished - subject.run.started).total_seconds() / 60, 1)
    return NOTHING if minutes is None else _("%(n)s min") % {"n": minutes}


def _parameters(subject: Subject) -> str:
    count = subject.checkpoint.card.get("parameters") if subject.checkpoint else None
    return f"{count:,}" if count else NOTHING


def _data(subject: Subject) -> str:
    if subject.run:
        return str(subject.run.version)
    data = subject.checkpoint.card.get("data", {}) if subject.checkpoint else {}
    return " ".join(str(data[name]) for name in ("name", "split") if data.get(name)) or NOTHING


def _state(subject: Subject) -> str:
    if subject.checkpoint and subject.checkpoint.live:
        return _("live")
    return str(subject.run.get_status_display()) if subject.run else _("not live")


def _settings(subjects: Sequence[Subject]) -> list[Row]:
    """List every setting that any of them has, in words, those that differ first."""
    columns = [{setting.name: setting for setting in _settings_of(subject)} for subject in subjects]
    known = {name: setting for column in columns for name, setting in column.items()}
    rows = [
        Row(setting.label, [column[name].value if name in column else NOTHING for column in columns], name)
        for name, setting in known.items()
    ]
    return sorted(rows, key=lambda row: not row.differs)


def _settings_of(subject: Subject) -> list[ShownSetting]:
    """Return all settings in words: from the card where there is one, else from the run."""
    if subject.checkpoint is not None and not subject.checkpoint.is_damaged:
        return shown(subject.checkpoint.method, settings_of(subject.checkpoint.model_card))
    return settings_of_run(subject.run) if subject.run else []
