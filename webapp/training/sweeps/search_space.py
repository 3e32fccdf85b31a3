"""What a sweep searches: settings, each with its choices or its range, and how many random draws that takes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from mlcore.documents import value_at
from webapp.core.errors import UserError
from webapp.training.models.runs import RunSettings
from webapp.training.runs.settings import changed, parsed

Space = Mapping[str, Mapping[str, Any]]


def draws_needed(n: int, k: int, confidence: float) -> int:
    """Return how many random draws meet one of the best `k` of `n` combinations with this confidence.

    `x` draws miss all of them with probability (1 - k/n)^x. Raises ValueError unless 0 < k <= n, 0 < confidence < 1.
    """
    if not (0 < k <= n and 0 < confidence < 1):
        raise ValueError("draws_needed: it must hold that 0 < k <= n and 0 < confidence < 1")
    return 1 if k == n else math.ceil(math.log(1 - confidence) / math.log1p(-k / n))


def combinations(space: Space) -> list[dict[str, Any]]:
    """List every combination of a space that has choices alone."""
    return [
        dict(zip(space, values, strict=True))
        for values in itertools.product(*(part["choices"] for part in space.values()))
    ]


def count(space: Space) -> int | None:
    """Count the combinations; nothing where a range makes them too many to count."""
    parts = [part.get("choices") for part in space.values()]
    return None if None in parts else math.prod(len(part or ()) for part in parts)


def space_from_words(words: Iterable[str], *, method: str) -> dict[str, dict[str, Any]]:
    """Read lines as `training.outer_lr = 0.0001 .. 0.01 log` and `episodes.n_way = 5, 10`; raise UserError.

    Blank lines are left out.
    """
    space: dict[str, dict[str, Any]] = {}
    for line in filter(None, map(str.strip, words)):
        name, sign, text = (part.strip() for part in line.partition("="))
        if not sign:
            message = _("%(line)s is not understood; write it as training.outer_lr = 0.0001 .. 0.01 log.")
            raise _wrong(line, message % {"line": line})
        if name in space:
            raise _wrong(name, _("%(name)s is named twice.") % {"name": name})
        space[name] = _part(name, text, method)
    return space


def _part(name: str, text: str, method: str) -> dict[str, Any]:
    low, dots, rest = text.partition("..")
    if not dots:
        return {"choices": [parsed(name, choice.strip(), method=method) for choice in text.split(",")]}
    high, _space, log = rest.strip().partition(" ")
    if log.strip() not in ("", "log"):
        message = _("%(name)s: after a range stands the word log, or nothing.") % {"name": name}
        raise _wrong(name, message)
    ends = {key: parsed(name, end.strip(), method=method) for key, end in (("low", low), ("high", high))}
    return {**ends, "log": bool(log)}


def require_space(space: Space, row: RunSettings) -> None:
    """Raise UserError with the setting's name unless each end and choice can be trained with."""
    if not space:
        raise _wrong("space", _("Name at least one setting that is to be searched."))
    for name, part in space.items():
        values = part["choices"] if "choices" in part else _ends(name, part)
        if len({repr(value) for value in values}) < len(values):
            raise _wrong(name, _("%(name)s: every choice must differ from the others.") % {"name": name})
        for value in values:
            if value_at(changed(row, {name: value}).to_dict(), name) != value:
                raise _wrong(name, _("%(name)s is fixed by the kind of picture.") % {"name": name})


def _ends(name: str, part: Mapping[str, Any]) -> list[Any]:
    low, high = part["low"], part["high"]
    if any(isinstance(end, bool) or not isinstance(end, int | float) or not math.isfinite(end) for end in (low, high)):
        raise _wrong(name, _("%(name)s has no range; name its choices instead.") % {"name": name})
    if low >= high:
        raise _wrong(name, _("%(name)s: the low end must be below the high end.") % {"name": name})
    if part.get("log") and low <= 0:
        raise _wrong(name, _("%(name)s: a logarithmic range must begin above 0.") % {"name": name})
    return [low, high]


def _wrong(name: str, message: str) -> UserError:
    return UserError("bad_space", message, field=name)


def values_of(row: RunSettings, space: Space) -> dict[str, Any]:
    """Return what a run has for each setting of a space."""
    return {name: value_at(row.config, name) for name in space}
