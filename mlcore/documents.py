"""Documents: configs as nested plain values, whose settings go by dotted names. Standard library only."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from mlcore.errors import ConfigError
from mlcore.schemas import SchemaError, read_json
from mlcore.settings import Config, Setting

Document = Mapping[str, Any]


def read_document(path: Path) -> dict[str, Any]:
    """Read a config from a file; raise ConfigError if it is missing or no JSON object."""
    try:
        document = read_json(path.read_bytes())
    except (OSError, SchemaError) as error:
        raise ConfigError(f"config is {str(path)!r}, which cannot be read: {error}", field="config") from error
    if not isinstance(document, dict):
        raise ConfigError(f"config is {str(path)!r}, which holds no JSON object", field="config")
    return document


def value_at(document: Document, name: str, default: Any = None) -> Any:
    """Return the value that a document has for a setting, or the default where it has none."""
    value: Any = document
    for key in name.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return default
        value = value[key]
    return value


def with_values(document: Document, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the values of some settings replaced."""
    changed = deepcopy(dict(document))
    for name, value in values.items():
        *parts, leaf = name.split(".")
        place = changed
        for part in parts:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise ConfigError(f"{part} is {place!r}; it must hold settings", field=part)
        place[leaf] = value
    return changed


def with_defaults(document: Document, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the values of those settings that it says nothing of."""
    return with_values(
        document, {name: value for name, value in values.items() if value_at(document, name, MISSING) is MISSING}
    )


def with_texts(document: Document, texts: Iterable[str], *, config: type[Config]) -> dict[str, Any]:
    """Return a document with settings replaced by what texts such as `training.steps=500` say, in their order."""
    changed = dict(document)
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign:
            raise ConfigError(f"{text!r} is no setting; write it as training.steps=500", field="set")
        changed = with_values(changed, {name: setting_among(config.all_settings(changed), name).parse(value)})
    return changed


def require_values(document: Document, *, config: type[Config]) -> None:
    """Raise ConfigError for a value that the document has and its setting may not."""
    for name, setting in config.all_settings(document).items():
        value = value_at(document, name, MISSING)
        if value is not MISSING:
            setting.require(value)


def setting_among(known: Mapping[str, Setting], name: str) -> Setting:
    """Return the setting of that dotted name; raise ConfigError if there is none."""
    if name not in known:
        part = name.rpartition(".")[0]
        siblings = [other.rpartition(".")[2] for other in known if other.rpartition(".")[0] == part]
        raise ConfigError(f"{name} is no setting; there are {', '.join(siblings or known)}", field=name)
    return known[name]
