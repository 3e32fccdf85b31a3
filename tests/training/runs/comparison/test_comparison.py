"""Runs and checkpoints lie side by side: what differs is marked, what is known is shown, curves are drawn."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from tests.checkpoints.candidates import candidate, make_benchmark, staff
from tests.training.people import signed_in
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun
from webapp.training.runs.comparison.comparison import MOST, Comparison, compare
from webapp.training.runs.curves import Dot, accuracy_chart, chart, loss_chart, series_of, trials_chart
from webapp.training.runs.settings import checked, row_fields

pytestmark = pytest.mark.django_db
POINTS = [
    {"step": 0, "loss": 2.0},
    {"step": 100, "loss": 1.0, "accuracy": 0.5, "ci95": 0.02},
    {"step": 200, "loss": 0.5, "accuracy": 0.75, "ci95": 0.01},
]


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def version() -> DatasetVersion:
    return make_benchmark().version


def run(version: DatasetVersion, name: str, *, config: dict[str, Any] | None = None, **fields: Any) -> TrainingRun:
    settings = row_fields(checked(**{"kind": "characters", "method": "prototypical", **(config or {})}))
    values = {**settings, "points": POINTS, "latest": POINTS[-1], **fields}
    return TrainingRun.objects.create(name=name, version=version, **values)


def row(comparison: Comparison, title: str) -> tuple[list[str], bool]:
    row = next(row for row in [*comparison.results, *comparison.settings] if title in (row.title, row.name))
    return row.values, row.differs


def test_settings_that_differ_are_marked_and_come_first(version: DatasetVersion) -> None:
    runs = [run(version, name, config={"training": {"outer_lr": rate}}) for name, rate in (("a", 0.001), ("b", 0.01))]
    comparison = compare(runs=runs, checkpoints=[])
    assert [row.name for row in comparison.settings if row.differs] == ["training.outer_lr"]
    assert comparison.settings[0].name == "training.outer_lr"
    assert row(comparison, "Learning rate") == (["0.001", "0.01"], True)
    assert row(comparison, "Optimizer") == (["adam", "adam"], False)


def test_settings_and_their_values_are_in_words(version: DatasetVersion) -> None:
    first = run(version, "a", config={"episodes": {"within_group": True, "n_way": 5}})
    made = candidate("made", method="relation", config={"distance": False, "backbone": {"width": 32}})
    comparison = compare(runs=[first], checkpoints=[made])
    assert row(comparison, "Within one group") == (["yes", "–"], True)
    assert row(comparison, "Width")[0][1] == "32"
    assert row(comparison, "Distance term")[0][1] == "no"
    assert [row.title for row in comparison.settings if "_" in row.title or row.title.count(".")] == []


def test_methods_of_different_settings_leave_gaps(version: DatasetVersion) -> None:
    comparison = compare(runs=[run(version, "a"), run(version, "b", config={"method": "maml"})], checkpoints=[])
    assert row(comparison, "method_config.distance") == (["euclidean", "–"], True)
    assert row(comparison, "Method") == (["prototypical", "maml"], True)


def test_results_show_accuracy_time_parameters_and_data(version: DatasetVersion) -> None:
    made = candidate(
        "made", parameters=1234, training={"validation": {"accuracy": 0.9, "ci95": 0.01}, "minutes": 2.5}, live=True
    )
    began = timezone.now()
    bare = run(version, "bare", started=began, finished=began + timedelta(minutes=3), status=JobStatus.READY)
    comparison = compare(runs=[bare], checkpoints=[made])
    assert row(comparison, "Accuracy ± 95 % interval") == (["75.0 ± 1.0 %", "90.0 ± 1.0 %"], True)
    assert row(comparison, "Time")[0] == ["3.0 min", "2.5 min"]
    assert row(comparison, "Parameters")[0] == ["–", "1,234"]
    assert row(comparison, "Data version")[0] == [str(version), "–"]
    assert row(comparison, "State")[0] == ["ready", "live"]


def test_a_run_and_its_checkpoint_are_one(version: DatasetVersion) -> None:
    made = candidate("made")
    whole = run(version, "whole", checkpoint=made)
    assert len(compare(runs=[whole], checkpoints=[made]).subjects) == 1
    alone = compare(runs=[], checkpoints=[made]).subjects[0]
    assert (alone.run, alone.name) == (whole, "whole")


def test_no_more_are_shown_than_fit(version: DatasetVersion) -> None:
    runs = [run(version, f"run {number}") for number in range(MOST + 3)]
    assert len(compare(runs=runs, checkpoints=[]).subjects) == MOST


def test_a_run_whose_settings_cannot_be_read_is_shown_as_it_is(version: DatasetVersion) -> None:
    odd = run(version, "odd", method="gone")
    odd.config = {"method_config": {"x": 1}, "training": {"steps": -1}}
    assert row(compare(runs=[odd], checkpoints=[]), "method_config.x")[0] == ["1"]


def test_curves_share_their_axes_and_carry_their_interval() -> None:
    drawn = accuracy_chart(("a", POINTS), ("b", POINTS[:2]))
    assert drawn
    assert [curve.name for curve in drawn.curves] == ["a", "b"]
    assert [tick.label for tick in drawn.x_ticks] == ["0", "50", "100", "150", "200"]
    first, second = (curve.line.split() for curve in drawn.curves)
    assert (len(first), first[0]) == (2, second[0])
    assert len(drawn.curves[0].band.split()) == 4
    assert all(tick.label.endswith(" %") for tick in drawn.y_ticks)


@pytest.mark.parametrize(
    ("accuracy", "ci95", "ends"),
    [(0.999, 0.003, ["99.6 %", "100 %"]), (1.0, 0.0, ["50 %", "100 %"]), (0.002, 0.004, ["0 %", "0.6 %"])],
)
def test_an_accuracy_and_its_interval_lie_within_0_and_100(accuracy: float, ci95: float, ends: list[str]) -> None:
    drawn = accuracy_chart(("a", [{"step": step, "accuracy": accuracy, "ci95": ci95} for step in (0, 100)]))
    assert drawn
    assert [drawn.y_ticks[0].label, drawn.y_ticks[-1].label] == ends
    heights = [float(point.split(",")[1]) for point in drawn.curves[0].band.split()]
    assert all(drawn.top <= height <= drawn.bottom for height in heights)


def test_two_runs_of_one_name_have_a_curve_each() -> None:
    drawn = loss_chart(("same", POINTS), ("same", POINTS))
    assert drawn
    assert [curve.colour for curve in drawn.curves] == [1, 2]


def test_all_points_lie_on_the_sheet() -> None:
    for values in ([0.0], [5.0, 5.0], [-3.0, 1e9], [1e-9, 2e-9]):
        points = [{"step": number, "loss": value} for number, value in enumerate(values)]
        drawn = loss_chart(("a", points))
        assert drawn
        for place in drawn.curves[0].line.split():
            x, y = map(float, place.split(","))
            assert drawn.left <= x <= drawn.right
            assert drawn.top <= y <= drawn.bottom


def test_two_values_at_one_step_are_one_point_of_the_curve() -> None:
    points = [{"step": step, "loss": loss} for step, loss in ((100, 3.0), (200, 2.0), (200, 1.0), (300, 0.9))]
    assert series_of(points, "loss").points == [(100.0, 3.0), (200.0, 1.0), (300.0, 0.9)]


def test_a_single_point_is_drawn_with_its_interval() -> None:
    drawn = accuracy_chart(("a", [{"step": 100, "accuracy": 0.5, "ci95": 0.1}]))
    assert drawn
    sheet = render_to_string("admin/training/_chart.html", {"chart": drawn})
    assert drawn.curves[0].lone
    assert '<circle class="lone curve-1"' in sheet
    low, high = (float(point.split(",")[1]) for point in drawn.curves[0].band.split())
    assert low > drawn.curves[0].lone[1] > high
    assert "lone" not in render_to_string("admin/training/_chart.html", {"chart": accuracy_chart(("a", POINTS))})


@pytest.mark.parametrize(("trials", "labels"), [(1, ["0", "1"]), (2, ["0", "1", "2"]), (3, ["0", "1", "2", "3"])])
def test_trials_are_counted_in_whole_numbers(trials: int, labels: list[str]) -> None:
    drawn = trials_chart([Dot(number + 1, 0.5, "", "", False) for number in range(trials)])
    assert drawn
    assert [tick.label for tick in drawn.x_ticks] == labels


def test_what_is_no_number_is_left_out() -> None:
    unusable = [{"step": 1, "loss": math.nan}, {"step": 2}, {"loss": 1.0}, {"step": 3, "loss": "x"}]
    points = [*unusable, {"step": 4, "loss": 1}]
    assert series_of(points, "loss").points == [(4.0, 1.0)]
    assert chart("Loss", [series_of([], "loss")]) is None


def test_the_page_shows_what_the_address_names_and_minds_no_nonsense(version: DatasetVersion) -> None:
    client = Client()
    client.force_login(staff())
    both = [run(version, "one"), run(version, "two")]
    page = client.get("/admin/training/trainingrun/compare/", {"run": [run.pk for run in both]})
    assert page.status_code == 200
    assert page.content.count(b"<svg") == 2
    for query in ({}, {"run": ["nonsense", str(uuid4())]}, {"checkpoint": "1"}):
        assert b"Select two or more" in client.get("/admin/training/trainingrun/compare/", query).content


def test_values_that_are_all_alike_have_an_axis_with_two_ends() -> None:
    drawn = accuracy_chart(("a", [{"step": step, "accuracy": 1.0} for step in (1, 2)]))
    assert drawn is not None
    labels = [tick.label for tick in drawn.y_ticks]
    assert labels == ["50 %", "100 %"]
    assert drawn.y_ticks[0].at > drawn.y_ticks[1].at


def page_for(permissions: list[str], **asked: Any) -> HttpResponse:
    """Return the page as a member of staff sees it who may see this much."""
    return signed_in(*permissions).get("/admin/training/trainingrun/compare/", asked)


def test_who_may_see_checkpoints_alone_compares_these_and_sees_no_run(version: DatasetVersion) -> None:
    made, other = candidate("made"), candidate("other")
    secret = run(version, "secret run", checkpoint=made)
    shown = page_for(["view_checkpoint"], checkpoint=[made.pk, other.pk])
    assert shown.status_code == 200
    assert b"made" in shown.content
    assert b"secret run" not in shown.content
    assert b"<svg" not in shown.content.partition(b'class="page"')[2]
    assert page_for(["view_checkpoint"], checkpoint=[made.pk], run=[secret.pk]).status_code == 403


def test_who_may_see_runs_alone_compares_these_and_sees_no_checkpoint(version: DatasetVersion) -> None:
    both = [run(version, "one", checkpoint=candidate("secret weights", parameters=4321)), run(version, "two")]
    shown = page_for(["view_trainingrun"], run=[run.pk for run in both])
    assert shown.status_code == 200
    assert b"4,321" not in shown.content
    assert page_for(["view_trainingrun"], checkpoint=[candidate("made").pk]).status_code == 403


def test_who_may_see_neither_is_refused() -> None:
    assert page_for(["view_dataset"]).status_code == 403


def test_the_action_of_the_list_of_runs_leads_there(version: DatasetVersion) -> None:
    client = Client()
    client.force_login(staff())
    chosen = [run(version, "one"), run(version, "two")]
    form = {"action": "compare", "_selected_action": [row.pk for row in chosen]}
    page = client.post("/admin/training/trainingrun/", form, follow=True)
    assert page.request["PATH_INFO"] == "/admin/training/trainingrun/compare/"
    assert page.content.count(b"<svg") == 2


def test_the_action_of_the_list_leads_there() -> None:
    client = Client()
    client.force_login(staff())
    chosen = [candidate("one"), candidate("two")]
    form = {"action": "compare", "_selected_action": [row.pk for row in chosen]}
    page = client.post("/admin/checkpoints/checkpoint/", form, follow=True)
    assert page.request["PATH_INFO"] == "/admin/training/trainingrun/compare/"
    assert b"two" in page.content
