"""Curves as shapes for an inline SVG: numbers in, points on a sheet out; the template only writes them down."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

WIDTH, HEIGHT = 720.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 32.0, 14.0, 32.0
Points = Sequence[Mapping[str, Any]]  # of a run: step, and loss, accuracy, ci95 where they were measured
COLOURS = 6
"""How many colours the stylesheet has for curves; a further curve takes the first again, dashed differently."""


@dataclass(frozen=True)
class Series:
    """A curve to be drawn: (x, y), or (x, y, low, high) where each value has an interval."""

    name: str
    points: Sequence[tuple[float, ...]]


@dataclass(frozen=True)
class Tick:
    """A place on an axis with what stands there."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """A series on the sheet: `line` and `band` are lists of points as SVG writes them.

    lone: where the only point is, which makes no line; its band is the line of its interval.
    """

    name: str
    line: str
    band: str
    last: str
    colour: int
    lone: tuple[float, float] | None = None


@dataclass(frozen=True)
class Dot:
    """A point of its own on the sheet, which leads somewhere."""

    x: float
    y: float
    name: str
    link: str
    best: bool


@dataclass(frozen=True)
class Chart:
    """A sheet of curves, and of dots."""

    title: str
    curves: list[Curve]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM
    dots: Sequence[Dot] = ()


def accuracy_chart(*runs: tuple[str, Points]) -> Chart | None:
    """Draw the accuracy on validation classes of runs, each a name and its points, with its 95 % band."""
    series = [series_of(points, "accuracy", name=name, ci="ci95") for name, points in runs]
    return chart(_("Accuracy on validation classes"), series, percent=True)


def loss_chart(*runs: tuple[str, Points]) -> Chart | None:
    """Draw the loss of runs, each a name and its points."""
    return chart(_("Loss"), [series_of(points, "loss", name=name) for name, points in runs])


def trials_chart(trials: Sequence[Dot]) -> Chart | None:
    """Draw the accuracy of trials, each a dot of its number and accuracy, and the best so far as a line."""
    highest = itertools.accumulate((dot.y for dot in trials), max)
    best = [(dot.x, high) for dot, high in zip(trials, highest, strict=True)]
    return chart(_("Accuracy of trials"), [Series(_("Best so far"), best)], percent=True, dots=trials)


def series_of(points: Points, value: str, *, name: str = "", ci: str = "") -> Series:
    """Return one value of a run's points, by its step; points without a usable one are left out.

    Of several at one step, as of a measurement and of the steps before it, the last one counts.
    ci: what holds the half-width of the interval of a share, which lies within 0 and 1.
    """
    usable = [point for point in points if _is_number(point.get("step")) and _is_number(point.get(value))]
    by_step = {float(point["step"]): point for point in usable}
    coordinates = [
        (step, float(point[value]), *(_interval(float(point[value]), point.get(ci)) if ci else ()))
        for step, point in by_step.items()
    ]
    return Series(name or value, coordinates)


def _interval(share: float, half: float | None) -> tuple[float, float]:
    return max(share - (half or 0.0), 0.0), min(share + (half or 0.0), 1.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def chart(title: str, series: Sequence[Series], *, percent: bool = False, dots: Sequence[Dot] = ()) -> Chart | None:
    """Draw series on one sheet with shared axes; nothing where there is nothing to draw.

    What is told from left to right is counted, as steps and trials are, so that its axis has whole numbers.
    """
    drawn = [line for line in series if line.points]
    if not drawn:
        return None
    xs = [point[0] for line in drawn for point in line.points]
    ys = [y for line in drawn for point in line.points for y in _ends(point)] + [dot.y for dot in dots]
    x_axis = _Axis.over(0.0, max(xs), LEFT, WIDTH - RIGHT, least_step=1.0)
    y_axis = _Axis.over(min(ys), max(ys), HEIGHT - BOTTOM, TOP)
    return Chart(
        title=title,
        curves=[_curve(line, x_axis, y_axis, number) for number, line in enumerate(series) if line.points],
        x_ticks=x_axis.ticks(percent=False),
        y_ticks=y_axis.ticks(percent=percent),
        dots=[replace(dot, x=round(x_axis.place(dot.x), 1), y=round(y_axis.place(dot.y), 1)) for dot in dots],
    )


def _ends(point: tuple[float, ...]) -> tuple[float, float]:
    return (point[2], point[3]) if len(point) > 2 else (point[1], point[1])


def _curve(series: Series, x_axis: _Axis, y_axis: _Axis, number: int) -> Curve:
    line = [(x_axis.place(point[0]), y_axis.place(point[1])) for point in series.points]
    low = [(x_axis.place(point[0]), y_axis.place(_ends(point)[0])) for point in series.points]
    high = [(x_axis.place(point[0]), y_axis.place(_ends(point)[1])) for point in series.points]
    band = [*low, *reversed(high)] if low != high else []
    lone = line[0] if len(line) == 1 else None
    last = f"{series.points[-1][1]:.4g}"
    return Curve(series.name, _written(line), _written(band), last, number % COLOURS + 1, lone)


def _written(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


@dataclass(frozen=True)
class _Axis:
    """Values low..high laid along places start..end, with a round step between ticks."""

    low: float
    high: float
    step: float
    start: float
    end: float

    @classmethod
    def over(cls, low: float, high: float, start: float, end: float, *, least_step: float = 0.0) -> _Axis:
        """Widen the range to round ends."""
        reach = high - low or abs(high) or 1.0
        step = max(_round_step(reach / 4), least_step)
        last = math.ceil(high / step) or 1
        first = min(math.floor(low / step), last - 1)  # where all values are one round value, too
        return cls(first * step, last * step, step, start, end)

    def place(self, value: float) -> float:
        """Return where a value lies."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low or 1.0)

    def ticks(self, *, percent: bool) -> list[Tick]:
        """Return the round values."""
        count = round((self.high - self.low) / self.step)
        values = [self.low + number * self.step for number in range(count + 1)]
        return [Tick(round(self.place(value), 1), _label(value, percent=percent)) for value in values]


def _round_step(rough: float) -> float:
    """Return the next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)


def _label(value: float, *, percent: bool) -> str:
    return f"{value * 100:.4g} %" if percent else f"{value:,.6g}"
