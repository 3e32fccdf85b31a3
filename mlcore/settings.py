"""A setting: a field of a config that says what it is called, what it does and what it may be.

Ranges, choices, texts and options all follow from that one description. Standard library only.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Self, get_args, get_type_hints

from mlcore.errors import ConfigError

TYPES: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of a config.

    label: the field's term. help: plain words for people who are no engineers. choices: all that it may be.
    minimum, maximum: ends of its range that belong to it; above, below: ends that do not. option: what it goes by on a
    command line, where that is not its name. default: `dataclasses.MISSING` where it has to be given.
    """

    name: str
    type: type
    is_optional: bool
    default: Any
    label: str
    help: str
    choices: Collection[Any] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    option: str = ""

    @property
    def requirement(self) -> str:
        """Return what a value must be: `between 0 and 1`, `adam or sgd`, `a whole number`."""
        if self.choices:
            return alternatives(self.choices)
        if self.minimum is not None and self.maximum is not None:
            return f"between {self.minimum} and {self.maximum}"
        ends = {"at least": self.minimum, "above": self.above, "at most": self.maximum, "below": self.below}
        return " and ".join(f"{words} {end}" for words, end in ends.items() if end is not None) or TYPES[self.type]

    def require(self, value: Any) -> None:
        """Raise ConfigError, naming the value, unless this setting may have it."""
        if value is None and self.is_optional:
            return
        if not self._is_of_type(value):
            raise self._refusal(value, TYPES[self.type])
        if not (value in self.choices if self.choices else self._is_within(value)):
            raise self._refusal(value, self.requirement)

    def _is_of_type(self, value: Any) -> bool:
        if self.type is float:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return is_number and -math.inf < value < math.inf
        return isinstance(value, self.type) and (self.type is bool or not isinstance(value, bool))

    def _is_within(self, value: Any) -> bool:
        return (
            (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    def _refusal(self, value: Any, requirement: str) -> ConfigError:
        return ConfigError(f"{self.name} is {value!r}; it must be {requirement}", field=self.name)

    def parse(self, text: str) -> Any:
        """Return the value that a text stands for; raise ConfigError if it may not have it. Inverse of `text`."""
        value = self.convert(text)
        self.require(value)
        return value

    def convert(self, text: str) -> Any:
        """Return the value of its type that a text stands for, whatever its range; raise ConfigError without one."""
        if self.is_optional and text in ("", "none"):
            return None
        try:
            return TRUTHS[text.strip().lower()] if self.type is bool else self.type(text)
        except (KeyError, ValueError) as error:
            raise self._refusal(text, TYPES[self.type]) from error

    def text(self, value: Any) -> str:
        """Return the text that stands for a value."""
        if value is None:
            return "none"
        return str(value).lower() if isinstance(value, bool) else str(value)


def setting(default: Any = MISSING, *, label: str, help: str, **allowed: Any) -> Any:  # noqa: A002
    """Describe a field of a config: its default, its label and help, and as of `Setting` what it may be.

    A subclass that changes the default alone keeps the description.
    """
    return field(default=default, metadata={"label": label, "help": help, **allowed})


def alternatives(names: Collection[Any]) -> str:
    """Join names as a sentence does: `a, b or c`."""
    *others, last = map(str, names)
    return f"{', '.join(others)} or {last}" if others else last


class Config:
    """Mixin of frozen dataclasses whose fields are settings, or configs of their own."""

    def __post_init__(self) -> None:
        for name, own in self.settings().items():
            own.require(getattr(self, name))

    @classmethod
    def settings(cls) -> Mapping[str, Setting]:
        """Return its own settings by name."""
        return _settings_of(cls)  # type: ignore[arg-type]

    @classmethod
    def parts(cls, values: Mapping[str, Any]) -> dict[str, "type[Config]"]:
        """Return the configs that are fields of it, by name; `values` may decide which."""
        return {name: hint for name, hint in get_type_hints(cls).items() if _is_config(hint)}

    @classmethod
    def all_settings(cls, values: Mapping[str, Any] = NOTHING) -> dict[str, Setting]:
        """Return its settings and those of its parts, each by the dotted name that it has here."""
        everything = dict(cls.settings())
        for name, part in cls.parts(values).items():
            inner = values.get(name)
            for own in part.all_settings(inner if isinstance(inner, Mapping) else NOTHING).values():
                everything[f"{name}.{own.name}"] = replace(own, name=f"{name}.{own.name}")
        return everything

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values; raise ConfigError with the dotted name of a field that is unknown or wrong."""
        names = [entry.name for entry in fields(cls)]  # type: ignore[arg-type]
        for name in values:
            if name not in names:
                raise ConfigError(f"{name} is no setting; there are {', '.join(names)}", field=name)
        for name, own in cls.settings().items():
            if own.default is MISSING and name not in values:
                raise ConfigError(f"{name} is missing; it must be {own.requirement}", field=name)
        parts = {name: _part(name, part, values.get(name, NOTHING)) for name, part in cls.parts(values).items()}
        return cls(**{**values, **parts})

    def _require(self, name: str, valid: bool, requirement: str) -> None:
        if not valid:
            raise ConfigError(f"{name} is {getattr(self, name)!r}; it must be {requirement}", field=name)


def _part(name: str, config: type[Config], value: Any) -> Config:
    if isinstance(value, config):
        return value
    if not isinstance(value, Mapping):
        raise ConfigError(f"{name} is {value!r}; it must hold settings", field=name)
    try:
        return config.from_dict(value)
    except ConfigError as error:
        raise error.within(name) from error


def _is_config(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Config)


@cache
def _settings_of(config: type[Config]) -> Mapping[str, Setting]:
    hints = get_type_hints(config)
    described = {}
    for entry in fields(config):  # type: ignore[arg-type]
        hint = hints[entry.name]
        if _is_config(hint):
            continue
        plain = next(kind for kind in (hint, *get_args(hint)) if kind in TYPES)
        words = _description(config, entry.name)
        described[entry.name] = Setting(
            name=entry.name, type=plain, is_optional=hint is not plain, default=entry.default, **words
        )
    return MappingProxyType(described)


def _description(config: type[Config], name: str) -> Mapping[str, Any]:
    """Return how the nearest class describes a field, so that a subclass may change the default alone."""
    for ancestor in config.__mro__:
        entry = vars(ancestor).get("__dataclass_fields__", {}).get(name)
        if entry is not None and entry.metadata:
            return dict(entry.metadata)
    raise TypeError(f"{config.__name__}.{name} has no description; declare it with `setting`")
