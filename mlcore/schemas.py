"""Schemas of plain JSON: how it is read without surprises, and what it may hold, in words. Standard library only.

A text may be a stranger's: whatever is not exactly what was described is refused, with the place and what to put there.
"""

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from mlcore.errors import MlcoreError

MOST_DEPTH = 12
"""How deep a document may be nested; none that is written here comes near."""
MOST_WHOLE = 2**53
"""The largest whole number that every reader of JSON takes as the same."""
UNFIT = re.compile("[\x00\ud800-\udfff]")
"""What no database of text keeps: NUL, and halves of characters."""


class SchemaError(MlcoreError):
    """Plain values are not what their schema says."""


class Schema(Protocol):
    """What a plain value may be."""

    def require(self, value: Any, at: str = "") -> None:
        """Raise SchemaError, naming the place `at`, unless the value may be this."""

    def blank(self) -> Any:
        """Return the least value that it may be, for readers of one that is damaged."""


def read_json(text: str | bytes) -> Any:
    """Return what a JSON text holds; raise SchemaError if it is none, or other readers would take it otherwise.

    NaN and Infinity are no JSON, a key that stands twice has two values, and what is nested deeper than `MOST_DEPTH`
    is nothing that was written here.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"it is no JSON that can be read: {str(error)[:200]}") from error
    _require_depth(value, MOST_DEPTH)
    return value


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise SchemaError("a key stands in it twice")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise SchemaError(f"it holds {name}, which is no number")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise SchemaError(f"it holds {text[:20]}, which is too large")
    return value


def _require_depth(value: Any, left: int) -> None:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if parts and not left:
        raise SchemaError(f"it is nested more than {MOST_DEPTH} deep")
    for part in parts:
        _require_depth(part, left - 1)


def _refuse(value: Any, at: str, requirement: str) -> NoReturn:
    shown = f"{value!r:.60}" if isinstance(value, str | int | float | None) else "something else"
    raise SchemaError(f"{at or 'it'} is {shown}; it must be {requirement}")


@dataclass(frozen=True)
class Text:
    """Text of so many characters, which match a pattern as a whole where there is one."""

    maximum: int = 200
    pattern: str = ""
    words: str = ""

    def require(self, value: Any, at: str = "") -> None:
        if not isinstance(value, str):
            _refuse(value, at, "text")
        if len(value) > self.maximum or UNFIT.search(value):
            _refuse(value, at, f"text of at most {self.maximum} characters, without NUL or halves of characters")
        if self.pattern and not re.fullmatch(self.pattern, value):
            _refuse(value, at, self.words)

    def blank(self) -> str:
        return ""


@dataclass(frozen=True)
class OneOf:
    """One of some names; they are looked up each time, since a program may register its own."""

    names: Collection[str]

    def require(self, value: Any, at: str = "") -> None:
        if not isinstance(value, str) or value not in self.names:
            _refuse(value, at, f"one of {', '.join(self.names)}")

    def blank(self) -> str:
        return next(iter(self.names))


@dataclass(frozen=True)
class Number:
    """A finite number of a range, whose ends belong to it."""

    minimum: float = -1e300
    maximum: float = 1e300

    def require(self, value: Any, at: str = "") -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            _refuse(value, at, "a number")
        if not self.minimum <= value <= self.maximum:
            _refuse(value, at, f"a number between {self.minimum:g} and {self.maximum:g}")

    def blank(self) -> float:
        return min(max(0.0, self.minimum), self.maximum)


@dataclass(frozen=True)
class Whole:
    """A whole number of a range, whose ends belong to it."""

    minimum: int = 0
    maximum: int = MOST_WHOLE

    def require(self, value: Any, at: str = "") -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not self.minimum <= value <= self.maximum:
            _refuse(value, at, f"a whole number between {self.minimum} and {self.maximum}")

    def blank(self) -> int:
        return min(max(0, self.minimum), self.maximum)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def require(self, value: Any, at: str = "") -> None:
        if not isinstance(value, bool):
            _refuse(value, at, "true or false")

    def blank(self) -> bool:
        return False


@dataclass(frozen=True)
class Maybe:
    """A value, or null."""

    schema: Schema

    def require(self, value: Any, at: str = "") -> None:
        if value is not None:
            self.schema.require(value, at)

    def blank(self) -> None:
        return None


@dataclass(frozen=True)
class Listed:
    """A list of so many values of a kind."""

    entry: Schema
    maximum: int = 1000
    minimum: int = 0

    def require(self, value: Any, at: str = "") -> None:
        if not isinstance(value, list | tuple):
            _refuse(value, at, "a list")
        if not self.minimum <= len(value) <= self.maximum:
            raise SchemaError(f"{at or 'it'} lists {len(value)}; it must list {self.minimum} to {self.maximum}")
        for place, part in enumerate(value):
            self.entry.require(part, f"{at}[{place}]")

    def blank(self) -> list[Any]:
        return []


@dataclass(frozen=True)
class Keyed:
    """Values of a kind by names that are not known beforehand."""

    value: Schema
    maximum: int = 1000
    key: Text = field(default_factory=Text)

    def require(self, value: Any, at: str = "") -> None:
        if not isinstance(value, Mapping):
            _refuse(value, at, "an object")
        if len(value) > self.maximum:
            raise SchemaError(f"{at or 'it'} has {len(value)} keys; at most {self.maximum} are taken")
        for name, part in value.items():
            self.key.require(name, f"a key of {at}" if at else "a key")
            self.value.require(part, f"{at}.{name}" if at else name)

    def blank(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class Record:
    """An object of known keys: those that it must have, those that it may, and what any other key may hold, if any."""

    required: Mapping[str, Schema] = field(default_factory=dict)
    optional: Mapping[str, Schema] = field(default_factory=dict)
    others: Schema | None = None

    def require(self, value: Any, at: str = "") -> None:
        if not isinstance(value, Mapping):
            _refuse(value, at, "an object")
        if missing := [name for name in self.required if name not in value]:
            raise SchemaError(f"{f'{at}.' if at else ''}{missing[0]} is missing")
        known = {**self.required, **self.optional}
        left = {name: part for name, part in value.items() if name not in known}
        if left and self.others is None:
            raise SchemaError(f"{at or 'it'} has an unknown field {next(iter(left))!r:.60}")
        for name, schema in known.items():
            if name in value:
                schema.require(value[name], f"{at}.{name}" if at else name)
        if self.others is not None:
            Keyed(self.others).require(left, at)

    def blank(self) -> dict[str, Any]:
        return {name: schema.blank() for name, schema in self.required.items()}


@dataclass(frozen=True)
class AnyOf:
    """A value that one of some schemas takes, the likeliest first: what the first says is told where none does."""

    schemas: Sequence[Schema]

    def require(self, value: Any, at: str = "") -> None:
        errors = []
        for schema in self.schemas:
            try:
                schema.require(value, at)
            except SchemaError as error:
                errors.append(error)
            else:
                return
        raise errors[0]

    def blank(self) -> Any:
        return self.schemas[-1].blank()


EMPTY = Record()
"""An object without keys: what a row holds before there is anything to say."""


@dataclass(frozen=True)
class Plain:
    """Plain values of any make, but small: for parts that nothing but their own check looks into."""

    depth: int = 6
    maximum: int = 200
    text: Text = field(default_factory=lambda: Text(4000))

    def require(self, value: Any, at: str = "") -> None:
        if isinstance(value, Mapping | list | tuple):
            if not self.depth:
                raise SchemaError(f"{at or 'it'} is nested too deep")
            part = Plain(self.depth - 1, self.maximum, self.text)
            holder = Keyed(part, self.maximum) if isinstance(value, Mapping) else Listed(part, self.maximum)
            holder.require(value, at)
        elif isinstance(value, str):
            self.text.require(value, at)
        elif isinstance(value, int) and not isinstance(value, bool):
            Whole(-MOST_WHOLE).require(value, at)
        elif not isinstance(value, bool | None):
            Number().require(value, at)

    def blank(self) -> None:
        return None
