"""The recordings as files: JSON that is sorted and wrapped, so that a diff shows one entry a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "recorded"
WIDTH = 120
TOLERANCE = 1e-3
REMEDY = "If this is meant, record it anew with `python -m tests.unchanged.record` and commit the files."

Rows = list[list[float]]


def read(name: str) -> Any:
    """Return what was recorded under a name."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def write(name: str, value: Any) -> None:
    """Record a value under a name."""
    (FOLDER / f"{name}.json").write_text(f"{wrapped(value)}\n", encoding="utf-8")


def agree(recorded: Rows, current: Rows) -> bool:
    """Tell whether rows of numbers are the same but for how a CPU rounds, and have their largest in the same place."""
    before, now = np.array(recorded), np.array(current)
    if before.shape != now.shape:
        return False
    return bool((np.abs(before - now) <= TOLERANCE).all() and (before.argmax(1) == now.argmax(1)).all())


def wrapped(value: Any, depth: int = 0) -> str:
    """Return the JSON of a value, whose objects and lists are on one line each where they fit."""
    line = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if not isinstance(value, dict | list) or (depth and len(line) + depth <= WIDTH):
        return line
    if isinstance(value, dict):
        entries = [f"{json.dumps(key)}: {wrapped(value[key], depth + 1)}" for key in sorted(value)]
    else:
        entries = [wrapped(entry, depth + 1) for entry in value]
    margin = "\n" + " " * depth
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}{margin} {f',{margin} '.join(entries)}{margin}{closing}"


def differences(recorded: Any, current: Any, place: str = "") -> Iterator[str]:
    """Yield a line for whatever was added, removed or changed, with the place where it stands."""
    if isinstance(recorded, dict) and isinstance(current, dict):
        for key in sorted(recorded.keys() | current.keys()):
            inner = f"{place} › {key}" if place else key
            if key not in current:
                yield f"removed  {inner}: {json.dumps(recorded[key])}"
            elif key not in recorded:
                yield f"added    {inner}: {json.dumps(current[key])}"
            else:
                yield from differences(recorded[key], current[key], inner)
    elif isinstance(recorded, list) and isinstance(current, list) and recorded != current:
        removed = [entry for entry in recorded if entry not in current]
        added = [entry for entry in current if entry not in recorded]
        yield f"changed  {place}: removed {json.dumps(removed)}, added {json.dumps(added)}"
    elif recorded != current:
        yield f"changed  {place}: {json.dumps(recorded)} -> {json.dumps(current)}"
