"""Settings as pages show them: each with the label and help of its config's field, and its value in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from mlcore.run_config import run_config_type, settings_for
from mlcore.settings import Setting


class ShownSetting(NamedTuple):
    """A setting in words; `name` is its dotted one."""

    name: str
    label: str
    help: str
    value: str


def shown(method: str, document: Mapping[str, Any]) -> list[ShownSetting]:
    """Return every setting of a document of a method in words; one that is not known goes by its name."""
    known = settings_for(method)
    return [
        ShownSetting(
            name,
            _label(known.get(name), name),
            _(known[name].help) if name in known else "",
            value_in_words(value),
        )
        for name, value in flat(document)
    ]


def label_of(method: str, name: str) -> str:
    """Return what a setting is called, by its dotted name; its name in plain words where it is not known."""
    return _label(settings_for(method).get(name), name)


def in_form_words(sentence: str, *, method: str) -> str:
    """Return what mlcore said of a run, with the settings in it called as forms call them.

    A name of one plain word is one only where the sentence begins with it.
    """
    known = {**run_config_type(method=method).settings(), **settings_for(method)}

    def label(match: re.Match[str]) -> str:
        name = match[0]
        named = [setting for dotted, setting in known.items() if name in (dotted, dotted.rpartition(".")[2])]
        is_name = len(named) == 1 and (match.start() == 0 or "_" in name)
        return _(named[0].label) if is_name else name

    return re.sub(r"[a-z]\w*(?:\.\w+)*", label, sentence)


def _label(setting: Setting | None, name: str) -> str:
    plain = name.partition(".")[2].replace("_", " ").replace(".", ", ").capitalize()
    return _(setting.label) if setting else plain


def flat(document: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each setting's dotted name and value."""
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def value_in_words(value: Any) -> str:
    """Return the value of a setting in words."""
    match value:
        case bool():
            return _("yes") if value else _("no")
        case int():
            return number_format(value)
        case float():
            return number_format(Decimal(f"{value:.6g}"))
        case None | "" | "none":
            return _("none")
        case list() | tuple():
            return ", ".join(map(value_in_words, value))
        case _:
            return str(value).replace("_", " ")
