"""Every address of the site, read from its URLconf, so that a new one is tried by itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")


@dataclass(frozen=True)
class Address:
    """A route, as Django writes it, with the names of the views behind it.

    model: in the admin, the one that the address is about.
    """

    route: str
    names: frozenset[str]
    model: type[Model] | None

    @property
    def is_admin(self) -> bool:
        return self.route.startswith("admin/")

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/")

    @property
    def parameters(self) -> list[str]:
        return [*PARAMETER.findall(GROUP.sub("", self.route)), *GROUP.findall(self.route)]

    def filled(self, values: Mapping[str, str]) -> str:
        """Put values in the place of the parameters."""
        unknown = set(self.parameters) - values.keys()
        assert not unknown, f"{self.route}: teach `World.values_for` what {unknown} stands for, so that it is tried."
        path = GROUP.sub(lambda match: values[match[1]], self.route.replace("^", "").replace("$", ""))
        return "/" + PARAMETER.sub(lambda match: values[match[1]], path)


def addresses() -> list[Address]:
    """Return every address, each once, whatever the number of views behind it."""
    names = defaultdict[str, set[str]](set)
    for route, name in _routes(get_resolver()):
        names[route].add(name)
    return [Address(route, frozenset(behind), _model_of(route)) for route, behind in names.items()]


def _routes(resolver: URLResolver, before: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, f"{namespace}{pattern.name or ''}"
        else:
            yield from _routes(pattern, route, f"{pattern.namespace}:" if pattern.namespace else namespace)


def _model_of(route: str) -> type[Model] | None:
    match route.split("/"):
        case ["admin", app, model, *_rest] if model in apps.all_models.get(app, {}):
            return apps.get_model(app, model)
    return None
