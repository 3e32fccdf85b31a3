"""No test compares with a constant how long something took: on a busy machine that says nothing of the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import ROOT

TESTS = ROOT / "tests"
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "thread_time"}
READINGS = {*CLOCKS, *(f"time.{clock}" for clock in CLOCKS), "time.time", "timezone.now", "datetime.now"}


def assigned(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of a file, each with what it is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from ((ast.unparse(target), node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value:
            yield ast.unparse(node.target), node.value


def timed(source: str) -> list[int]:
    """Return the lines that compare a duration by the clock; a deadline compares two moments, and is none of them."""
    tree = ast.parse(source)
    readings = {name for name, value in assigned(tree) if ast.unparse(value).removesuffix("()") in READINGS}

    def is_moment(node: ast.AST) -> bool:
        return ast.unparse(node) in readings or (isinstance(node, ast.Call) and ast.unparse(node.func) in READINGS)

    def is_duration(node: ast.AST) -> bool:
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)):
            return False
        right = ast.unparse(node.right)
        is_constant = isinstance(node.right, ast.Constant) or right.startswith("timedelta(") or right.isupper()
        return is_moment(node.right) or (is_moment(node.left) and not is_constant)

    durations = {name for name, value in assigned(tree) if any(map(is_duration, ast.walk(value)))}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(is_duration(part) or ast.unparse(part) in durations for part in ast.walk(node))
    ]


def test_nothing_is_timed() -> None:
    lines = {str(path.relative_to(TESTS)): timed(path.read_text()) for path in sorted(TESTS.rglob("*.py"))}
    assert {path: numbers for path, numbers in lines.items() if numbers} == {}


@pytest.mark.parametrize(
    "source",
    [
        "began = time.monotonic()\nassert time.monotonic() - began < 1",
        "began = time.perf_counter()\ntook = time.perf_counter() - began\nassert 0.3 <= took < 3",
        "began, rest = perf_counter(), 0\nassert perf_counter() - began > 1",
        "assert timezone.now() - owner.last_seen < timedelta(minutes=1)",
        "began = time.time()\nassert sum(pauses) < (seconds := time.time() - began)",
        "end = time.monotonic()\nassert pytest.approx(3) == end - row.began",
    ],
)
def test_a_duration_that_is_compared_is_seen(source: str) -> None:
    assert timed(source) == [source.count("\n") + 1]


@pytest.mark.parametrize(
    "source",
    [
        "end = time.monotonic() + 5\nwhile time.monotonic() < end:\n    look()",
        "left = row.expires.timestamp() - time.time()\nwait_until(done, left)",
        "assert row.lease_expires > timezone.now()",
        "assert row.opened < timezone.now() - timedelta(days=1)",
        "old = timezone.now() - LONG_AGO\nassert row.opened < old",
        "claim._renewed = time.monotonic() - 40",
    ],
)
def test_a_deadline_and_a_moment_are_fine(source: str) -> None:
    assert timed(source) == []
