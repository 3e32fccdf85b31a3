"""What a sweep searches: settings, each with its choices or its range, and how many random draws that takes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from mlcore.documents import value_at
from mlcore.run_config import settings_for
from webapp.checkpoints.shown_settings import label_of
from webapp.core.errors import UserError
from webapp.training.models.runs import RunSettings
from webapp.training.runs.settings import changed, is_fixed, parsed

Space = Mapping[str, Mapping[str, Any]]


def draws_needed(n: int, k: int, confidence: float) -> int:
    """Return how many random draws meet one of the best `k` of `n` combinations with this confidence.

    `x` draws miss all of them with probability (1 - k/n)^x. Raises ValueError unless 0 < k <= n, 0 < confidence < 1.
    """
    if not (0 < k <= n and 0 < confidence < 1):
        raise ValueError("draws_needed: it must hold that 0 < k <= n and 0 < confidence < 1")
    return 1 if k == n else math.ceil(math.log(1 - confidence) / math.log1p(-k / n))


def combinations(space: Space) -> list[dict[str, Any]]:
    """List every combination of a space whose parts can be listed."""
    values = [listed(part) or () for part in space.values()]
    return [dict(zip(space, combination, strict=True)) for combination in itertools.product(*values)]


def count(space: Space) -> int | None:
    """Count the combinations; nothing where a range has too many values to count."""
    parts = [listed(part) for part in space.values()]
    return None if None in parts else math.prod(len(part or ()) for part in parts)


def listed(part: Mapping[str, Any]) -> Sequence[Any] | None:
    """Return all that a setting may be: its choices or the whole numbers of its range; nothing for other ranges."""
    if "choices" in part:
        choices: Sequence[Any] = part["choices"]
        return choices
    ends = part["low"], part["high"]
    return range(ends[0], ends[1] + 1) if all(type(end) is int for end in ends) else None


def space_from_words(words: Iterable[str], *, method: str) -> dict[str, dict[str, Any]]:
    """Read lines as `Learning rate = 0.0001 .. 0.01 log` and `episodes.n_way = 5, 10`; raise UserError.

    A setting goes by its label or its dotted name. Blank lines are left out.
    """
    space: dict[str, dict[str, Any]] = {}
    for line in filter(None, map(str.strip, words)):
        typed, sign, text = (part.strip() for part in line.partition("="))
        if not sign:
            message = _("%(line)s is not understood; write it as Learning rate = 0.0001 .. 0.01 log.")
            raise _wrong(line, message % {"line": line})
        name = _name(typed, method)
        if name in space:
            raise _wrong(name, _("%(name)s is named twice.") % {"name": typed})
        space[name] = _part(name, text, method)
    return space


def _name(typed: str, method: str) -> str:
    """Return the dotted name of a setting that is called so, or by its label; raise UserError if there is none."""
    labels = {name: label_of(method, name) for name in settings_for(method) if not is_fixed(name)}
    name = next((name for name, label in labels.items() if label.casefold() == typed.casefold()), typed)
    if name not in settings_for(method):
        values = {"name": typed, "names": ", ".join(labels.values())}
        raise _wrong(typed, _("%(name)s is no setting; there are %(names)s.") % values)
    return name


def _part(name: str, text: str, method: str) -> dict[str, Any]:
    low, dots, rest = text.partition("..")
    if not dots:
        return {"choices": [parsed(name, choice.strip(), method=method) for choice in text.split(",")]}
    high, _space, log = rest.strip().partition(" ")
    if log.strip() not in ("", "log"):
        message = _("%(name)s: after a range stands the word log, or nothing.")
        raise _wrong(name, message % {"name": label_of(method, name)})
    ends = {key: parsed(name, end.strip(), method=method) for key, end in (("low", low), ("high", high))}
    return {**ends, "log": bool(log)}


def require_space(space: Space, row: RunSettings) -> None:
    """Raise UserError with the setting's name unless each end and choice can be trained with."""
    if not space:
        raise _wrong("space", _("Name at least one setting that is to be searched."))
    for name, part in space.items():
        label = {"name": label_of(row.method, name)}
        values = part["choices"] if "choices" in part else _ends(name, part, label)
        if len({repr(value) for value in values}) < len(values):
            raise _wrong(name, _("%(name)s: every choice must differ from the others.") % label)
        for value in values:
            if value_at(changed(row, {name: value}).to_dict(), name) != value:
                raise _wrong(name, _("%(name)s is fixed by the kind of picture.") % label)


def _ends(name: str, part: Mapping[str, Any], label: Mapping[str, str]) -> list[Any]:
    low, high = part["low"], part["high"]
    if any(isinstance(end, bool) or not isinstance(end, int | float) or not math.isfinite(end) for end in (low, high)):
        raise _wrong(name, _("%(name)s has no range; name its choices instead.") % label)
    if low >= high:
        raise _wrong(name, _("%(name)s: the low end must be below the high end.") % label)
    if part.get("log") and low <= 0:
        raise _wrong(name, _("%(name)s: a logarithmic range must begin above 0.") % label)
    return [low, high]


def _wrong(name: str, message: str) -> UserError:
    return UserError("bad_space", message, field=name)


def values_of(row: RunSettings, space: Space) -> dict[str, Any]:
    """Return what a run has for each setting of a space."""
    return {name: value_at(row.config, name) for name in space}
