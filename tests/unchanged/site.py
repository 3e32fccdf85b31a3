"""What the site shows to others: its API, addresses by name, tasks, commands, and the environment that it reads."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, get_commands, load_command_class
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.unchanged.options import Options, parser_options
from webapp.config.celery import app

ROOT = Path(__file__).resolve().parents[2]
OURS = ("GLIMPSE_", "DJANGO_", "REDIS_URL", "DATABASE_URL")
READ_THE_ENVIRONMENT = """
import json
import environ

variables = {}
get_value = environ.Env.get_value

def get_and_record(self, var, cast=None, default=environ.Env.NOTSET, parse_default=False):
    variables[var] = {"as": cast.__name__, "default": default}
    return get_value(self, var, cast=cast, default=default, parse_default=parse_default)

environ.Env.get_value = get_and_record
import launch.__main__
print(json.dumps(variables, default=repr))
"""


def api_schema() -> Any:
    """Return the OpenAPI schema that the site serves."""
    return Client().get("/api/v1/openapi.json", headers={"Host": "localhost"}).json()


def environment() -> Any:
    """Return the variables that the site and `launch` read, with types and defaults; HTTPS is on, as some need it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    done = subprocess.run(
        [sys.executable, "-c", READ_THE_ENVIRONMENT],
        cwd=ROOT,
        env={**inherited, "GLIMPSE_SECRET_KEY": "tests", "GLIMPSE_HTTPS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.replace(str(ROOT), "ROOT"))


def task_names() -> dict[str, list[str]]:
    """Return the arguments of each Celery task by the name that messages call it by."""
    app.loader.import_default_modules()
    own = {name: task for name, task in app.tasks.items() if task.__module__.startswith("webapp.")}
    return {name: list(inspect.signature(task.run).parameters) for name, task in own.items()}


def management_commands() -> dict[str, Options]:
    """Return the options of each command of `manage.py` that is the site's own, but for those that all have."""
    shared = parser_options(BaseCommand().create_parser("manage.py", ""))
    commands = {
        name: parser_options(load_command_class(package, name).create_parser("manage.py", name))
        for name, package in get_commands().items()
        if package.startswith("webapp.")
    }
    return {
        command: {name: option for name, option in options.items() if name not in shared}
        for command, options in commands.items()
    }


def url_names() -> dict[str, list[str]]:
    """Return the patterns of each name; of the admin, whose addresses may change, the names alone."""
    patterns: dict[str, list[str]] = defaultdict(list)
    for name, pattern in named_patterns(get_resolver()):
        patterns[name] += [] if name.startswith("admin:") else [pattern]
    return {name: sorted(routes) for name, routes in patterns.items()}


def named_patterns(resolver: URLResolver, namespace: str = "", prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each name with its namespace, and its pattern from the root."""
    for entry in resolver.url_patterns:
        pattern = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from named_patterns(entry, inner, pattern)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{namespace}{entry.name}", pattern
