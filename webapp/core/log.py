"""What the site writes to its log: ids, never names or pictures.

Every process of the site logs by `logging_config`: web servers, workers, the clock, management commands and what
`launch` says. Words that people chose reach a log by four ways, and `IdsOnly` closes each of them in one place:

- the words of an exception, which may quote what somebody sent (`KeyError: 'Ada'`, PostgreSQL's `Key (name)=(Ada)
  already exists`): of an exception, its class and its codes are written, and of a traceback the lines of code;
- an exception, or a string, that a library puts into its line: what stands in its place is `…`;
- a line that a library has put together beforehand, such as ninja's, which quotes a whole header: where it was written
  stands in its place;
- a path or a query string: of a request, its method and the pattern of its address are written.

What is left are the lines of the site's own modules, which name rows by their ids. With `GLIMPSE_DEBUG` everything is
written as it comes, as Django's own pages then show everything.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from copy import copy
from types import TracebackType
from typing import Any, TypeAlias

OURS = {"webapp", "launch"}
"""The packages whose lines are written in full, but for exceptions in them."""
CODES = ("errno", "sqlite_errorname", "sqlstate")
"""What exceptions of the system and of databases say of themselves in numbers and names of their own."""
HIDDEN = "…"
ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def logging_config(*, debug: bool) -> dict[str, Any]:
    """Return Django's LOGGING, which `logging.config.dictConfig` takes: lines to standard error."""
    line = {"()": logging.Formatter if debug else IdsOnly, "style": "{"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {**line, "format": "{asctime} {levelname} {name} {message}"}},
        "handlers": {"standard_error": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["standard_error"], "level": "WARNING"},
        "loggers": {
            **{package: {"level": "INFO"} for package in OURS},
            # Django brings handlers of its own; without those, what it writes comes here too.
            "django": {"level": "INFO"},
            "django.server": {"propagate": True},
            "_granian": {"level": "WARNING"},  # the web server
            # Errors of pages are written by `webapp.core.failures`, but for those that Django's own page shows.
            "django.request": {"level": "ERROR" if debug else "CRITICAL"},
        },
    }


class IdsOnly(logging.Formatter):
    """Formats records without the words of exceptions, and without those that libraries put into their lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, with its traceback if it has one."""
        line = copy(record)
        line.msg, line.args, line.exc_text = _message(record), None, None
        return super().format(line)

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802
        """Return the traceback of an exception, and of those that led to it, without their words."""
        chain = list[BaseException]()
        error = ei[1]
        while error is not None and error not in chain:
            chain.insert(0, error)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nThis led to another:\n".join(
            f"Traceback (most recent call last):\n{''.join(traceback.format_tb(link.__traceback__))}{described(link)}"
            for link in chain
        )


def described(error: BaseException) -> str:
    """Return the class of an exception and its codes, but none of its words: they may quote what people sent."""
    values = {name: str(getattr(error, name, "")) for name in CODES}
    codes = [f"{name}={code}" for name, code in values.items() if re.fullmatch("[A-Z0-9_]+", code)]
    return " ".join([f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins."), *codes])


def _message(record: logging.LogRecord) -> str:
    """Return what a record says, as far as it may be written."""
    if isinstance(record.msg, BaseException):
        return described(record.msg)
    ours = record.name.partition(".")[0] in OURS
    if not ours and not record.args:
        return f"(written by {record.module}, line {record.lineno})"
    try:
        return str(record.msg) % _shown(record.args, ours=ours) if record.args else str(record.msg)
    except (TypeError, ValueError, LookupError):  # what is hidden was to be formatted as a number
        return str(record.msg)


def _shown(value: Any, *, ours: bool) -> Any:
    """Return what a line is filled with: numbers as they are, exceptions described, other things if they are ours."""
    match value:
        case Mapping():
            return {name: _shown(part, ours=ours) for name, part in value.items()}
        case tuple():
            return tuple(_shown(part, ours=ours) for part in value)
        case BaseException():
            return described(value)
        case int() | float():
            return value
    return value if ours else HIDDEN


def frames_in(output: str) -> str:
    """Return what may be written of a traceback that another process printed: where it passed, and the last error."""
    frames = [match[0] for match in re.finditer(r'^  File "[^"\n]+", line \d+, in \S+$', output, re.MULTILINE)]
    errors = [match[1] for match in re.finditer(r"^([\w.]*(?:Error|Exception|Interrupt))\b", output, re.MULTILINE)]
    return "\n".join([*frames, *errors[-1:]])
